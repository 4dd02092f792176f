"""Vendors' simulators: their environments, the workers that run in them, and their limits."""

from neurodeploy.sandbox.environments.environment import Environment as Environment
from neurodeploy.sandbox.environments.environment import Extra as Extra
from neurodeploy.sandbox.environments.frameworks import (
    framework_environment as framework_environment,
)
from neurodeploy.sandbox.environments.interpreters import find_first as find_first
from neurodeploy.sandbox.environments.interpreters import find_python as find_python
from neurodeploy.sandbox.environments.shared import (
    onnxruntime_environment as onnxruntime_environment,
)
from neurodeploy.sandbox.environments.status import EnvironmentStatus as EnvironmentStatus
from neurodeploy.sandbox.environments.status import State as State
from neurodeploy.sandbox.environments.status import status as status
from neurodeploy.sandbox.environments.system import SystemPrograms as SystemPrograms
from neurodeploy.sandbox.exchange import WorkerResult as WorkerResult
from neurodeploy.sandbox.install import check as check
from neurodeploy.sandbox.install import install as install
from neurodeploy.sandbox.install import remove as remove
from neurodeploy.sandbox.install import tidy as tidy
from neurodeploy.sandbox.live import LiveWorker as LiveWorker
from neurodeploy.sandbox.own import run_in_own_python as run_in_own_python
from neurodeploy.sandbox.run import run_many as run_many
from neurodeploy.sandbox.run import run_worker as run_worker
from neurodeploy.sandbox.worker import Call as Call
from neurodeploy.sandbox.worker import Limits as Limits

__all__ = [
    "Call",
    "Environment",
    "EnvironmentStatus",
    "Extra",
    "Limits",
    "LiveWorker",
    "State",
    "SystemPrograms",
    "WorkerResult",
    "check",
    "find_first",
    "find_python",
    "framework_environment",
    "install",
    "onnxruntime_environment",
    "remove",
    "run_in_own_python",
    "run_many",
    "run_worker",
    "status",
    "tidy",
]
