"""Environments that several targets share: one installation, with a worker for each target."""

from collections.abc import Mapping
from pathlib import Path

from neurodeploy.sandbox.environments.environment import Environment


def onnxruntime_environment(worker: Path, self_test: Mapping[str, object]) -> Environment:
    """Return the environment of onnxruntime for a target's worker and the job that tests it."""
    return Environment(
        name="onnxruntime",
        title="onnxruntime 1.31.1",
        python="3.11",
        worker=worker,
        self_test=self_test,
        requirements=("onnxruntime==1.31.1",),
        download_mb=45,
        disk_mb=170,
        other_pythons=("3.12", "3.13", "3.14"),
        hashes=Path(__file__).with_name("requirements") / "onnxruntime.txt",
    )
