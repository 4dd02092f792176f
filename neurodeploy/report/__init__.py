"""Reports: what a verification found, as text, JSON, JUnit and one self-contained page."""

from neurodeploy.report.model import Divergence as Divergence
from neurodeploy.report.model import LayerSummary as LayerSummary
from neurodeploy.report.model import Link as Link
from neurodeploy.report.model import Report as Report
from neurodeploy.report.model import Status as Status

__all__ = ["Divergence", "LayerSummary", "Link", "Report", "Status"]
