"""The installation and removal of simulators: whole or not at all, one at a time."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from neurodeploy.errors import OutputError
from neurodeploy.sandbox.build import Build
from neurodeploy.sandbox.environments.environment import Environment, simulators_folder
from neurodeploy.sandbox.environments.status import EnvironmentStatus, State, status
from neurodeploy.sandbox.exchange import WorkerResult
from neurodeploy.sandbox.folder import scratch_folder
from neurodeploy.sandbox.lock import discard, exclusive
from neurodeploy.sandbox.process.interrupts import interrupts_deferred
from neurodeploy.sandbox.run import run_worker
from neurodeploy.sandbox.worker import Limits
from snncore.scratch import sweep

Progress = Callable[[str], None]

_BUILDING, _LOCK = ".building-", ".lock-"


def install(
    env: Environment,
    *,
    pip_args: Sequence[str] = (),
    full: bool = False,
    reinstall: bool = False,
    progress: Progress | None = None,
) -> EnvironmentStatus:
    """Install a simulator that is missing, broken, or less complete than requested.

    Raises: SimulatorMissingError without its Python, SimulatorError if a step fails, OutputError
    without space or permission.
    """
    tell = _prefixed(env, progress)
    full = full and env.full is not None
    with _locked(env, tell):
        installation = status(env)
        enough = installation.state is State.INSTALLED and (installation.full or not full)
        if enough and not reinstall:
            tell(f"installed in {env.path} ({installation.size_mb} MB)")
            return installation
        _say_and_check_size(env, full, tell)
        with _workshop(env) as folder:
            build = Build(env, folder, full, pip_args, tell)
            build.run()
            _publish(build.venv, env.path, folder / "old")
    installation = status(env)
    tell(f"installed in {env.path} ({installation.size_mb} MB)")
    return installation


def remove(env: Environment, *, progress: Progress | None = None) -> bool:
    """Remove a simulator; return false if there was nothing to remove.

    Raises: OutputError without permission.
    """
    if not env.path.exists():
        return False
    with _locked(env, _prefixed(env, progress)), _workshop(env) as folder:
        if env.path.exists():
            env.path.rename(folder / "old")
    return True


def check(env: Environment, *, progress: Progress | None = None) -> WorkerResult:
    """Run the self-test of an installed simulator.

    Raises: SimulatorMissingError if it is not installed, SimulatorError if the test fails.
    """
    limits = Limits(env.self_test_seconds)
    return run_worker(env, env.self_test, limits=limits, progress=progress)


def tidy() -> None:
    """Remove the half-built environments of killed installations."""
    folder = simulators_folder()
    sweep(folder, _BUILDING)
    for lock in folder.glob(f"{_LOCK}*"):
        discard(lock)


def _prefixed(env: Environment, progress: Progress | None) -> Progress:
    def tell(line: str) -> None:
        if progress is not None:
            progress(f"{env.name}: {line}")

    return tell


def _say_and_check_size(env: Environment, full: bool, tell: Progress) -> None:
    download, disk = env.size_mb(full=full)
    tell(f"{env.title} takes {disk} MB in {env.path} and downloads about {download} MB")
    free = shutil.disk_usage(simulators_folder()).free // 10**6
    if free < download + disk:
        raise OutputError(
            f"{env.path}: {env.title} needs {download + disk} MB, but only {free} MB are free",
            remedy="free some space, or let NEURODEPLOY_CACHE name a folder on another disk",
        )


@contextmanager
def _locked(env: Environment, tell: Progress) -> Iterator[None]:
    """Hold the lock that permits changes to this environment.

    Raises: OutputError if the disk refuses an operation meanwhile.
    """
    folder = simulators_folder()
    lock = folder / f"{_LOCK}{env.name}"
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(lock, lambda: tell("waiting for another process that works on it")):
            yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"{error.filename or folder}: cannot be written: {error.strerror or error}",
            remedy="let NEURODEPLOY_CACHE name a folder of yours, on a disk with space",
        ) from error
    finally:
        for each in missing:
            # Remove the folder if nothing was installed; a folder with content stays.
            with suppress(OSError):
                each.rmdir()


@contextmanager
def _workshop(env: Environment) -> Iterator[Path]:
    """Yield a folder beside the environments; remove it, and those of killed processes."""
    tidy()
    prefix = f"{_BUILDING}{env.name}-"
    for left in simulators_folder().glob(f"{prefix}*"):
        # Remove folders of versions that held no lock; our lock on the environment permits it.
        shutil.rmtree(left, ignore_errors=True)
    with scratch_folder(simulators_folder(), prefix) as folder:
        yield folder


def _publish(venv: Path, path: Path, old: Path) -> None:
    with interrupts_deferred():
        if path.exists():
            path.rename(old)
        venv.rename(path)
