"""The demo: embedded data, trained, quantized, exported, verified and reported."""

from neurodeploy.demo.run import run_demo as run_demo

__all__ = ["run_demo"]
