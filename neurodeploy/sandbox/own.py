"""Jobs in a separate process of our own Python, for files that are code and need our packages."""

import sys
from dataclasses import replace
from pathlib import Path

from neurodeploy.sandbox.environments.environment import Environment
from neurodeploy.sandbox.exchange import WorkerResult
from neurodeploy.sandbox.worker import Call, Progress, Worker


def run_in_own_python(
    title: str, worker: Path, call: Call, *, progress: Progress | None = None
) -> WorkerResult:
    """Run one job in a separate process of the interpreter that runs this one.

    The job receives our `path`, so the worker finds the packages that are installed beside us.

    Raises: SimulatorError if it fails or exceeds a limit.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    env = Environment("own", title, version, worker, {})
    call = replace(call, job={**call.job, "path": [each for each in sys.path if each]})
    return Worker(Path(sys.prefix), env, call, progress, python=Path(sys.executable)).run()
