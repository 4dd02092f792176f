"""Reports: what a verification found, as text, JSON, JUnit and one self-contained page."""

from neurodeploy.report.links import EVERY_SPIKE as EVERY_SPIKE
from neurodeploy.report.links import Divergence as Divergence
from neurodeploy.report.links import LayerSummary as LayerSummary
from neurodeploy.report.links import Link as Link
from neurodeploy.report.links import Status as Status
from neurodeploy.report.network import NodeSummary as NodeSummary
from neurodeploy.report.report import Report as Report

__all__ = ["EVERY_SPIKE", "Divergence", "LayerSummary", "Link", "NodeSummary", "Report", "Status"]
