"""The plain forms of a report: text for a person, JSON and JUnit XML for programs."""

from neurodeploy.report.document import report_json as report_json
from neurodeploy.report.junit import report_junit as report_junit
from neurodeploy.report.text import report_text as report_text

__all__ = ["report_json", "report_junit", "report_text"]
