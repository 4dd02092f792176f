"""The demo: embedded data, trained, quantized, exported, verified and reported."""

from neurodeploy.demo.run import run_demo as run_demo
from neurodeploy.demo.run import usual_targets as usual_targets

__all__ = ["run_demo", "usual_targets"]
