"""A report as one self-contained page: no script, no network, every picture inline."""

from neurodeploy.report.html.page import report_html as report_html

__all__ = ["report_html"]
