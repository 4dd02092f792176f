"""The building of a virtual environment with pinned packages: a few commands, each watched."""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from neurodeploy.errors import SimulatorError, SimulatorMissingError
from neurodeploy.sandbox.environments.beside import missing_beside
from neurodeploy.sandbox.environments.environment import (
    Environment,
    clean_environment,
    interpreter_in,
)
from neurodeploy.sandbox.environments.hashes import HashedRequirements
from neurodeploy.sandbox.environments.interpreters import find_first
from neurodeploy.sandbox.environments.record import Record
from neurodeploy.sandbox.environments.system import unpack
from neurodeploy.sandbox.process.tree import ProcessTree
from neurodeploy.sandbox.worker import Call, Limits, Worker

_POLL_S = 0.1
# What pip prints about a file whose checksum is not listed.
_MISMATCH = re.compile(
    r"DO NOT MATCH THE HASHES.*?^\s+(?P<pin>[\w.-]+==[^\s;]+).*? from (?P<file>\S+?)"
    r"(?: \(from .*?)?:$.*?^\s+Got\s+(?P<got>[0-9a-f]{64})",
    re.DOTALL | re.MULTILINE,
)
_INVENTORY = """
import importlib.metadata, json, platform
found = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions()}
print(json.dumps([platform.python_version(), found]))
"""


@dataclass(frozen=True)
class Build:
    """The build of one environment in its own folder."""

    env: Environment
    folder: Path
    full: bool
    pip_args: Sequence[str]
    progress: Callable[[str], None]

    @property
    def venv(self) -> Path:
        """The environment's own folder."""
        return self.folder / "venv"

    def run(self) -> None:
        """Build the environment, write its record, and test it.

        Raises: SimulatorMissingError without its Python, SimulatorError if a step fails.
        """
        python = self._python()
        pins = self.env.pins(full=self.full)
        self.progress(f"creating an environment with {python}")
        self._create(python, with_pip=bool(pins or self.env.without_dependencies))
        apart = self.env.hashed_apart(full=self.full)
        if apart:
            self._pip_by_hash(apart[0])
            built = (word for name in self.env.built for word in ("--no-binary", name))
            self._pip_by_hash(apart[1], "--no-deps", "--no-build-isolation", *built)
        else:
            self._pip(of=pins)
            self._pip("--no-deps", of=self.env.without_dependencies)
        if self.env.system:
            unpack(self.env.title, self.env.system, self.folder, self.venv, self._step)
        self._record()
        self.progress("running its self-test")
        limits = Limits(self.env.self_test_seconds)
        call = Call(self.env.self_test, limits=limits)
        Worker(self.venv, self.env, call, self.progress).run()

    def _python(self) -> Path:
        """Return the Python of the environment; one that uses our packages has ours.

        Raises: SimulatorMissingError without its Python, or without those packages.
        """
        if not self.env.beside:
            return find_first(self.env.pythons)
        if missing := missing_beside(self.env):
            raise SimulatorMissingError(
                f"{self.env.title} uses {missing}, which is not installed beside neurodeploy",
                remedy=f"pip install {missing}",
            )
        return Path(sys.executable)

    def _create(self, python: Path, *, with_pip: bool) -> None:
        plain = () if with_pip else ("--without-pip",)
        self._step(str(python), "-I", "-m", "venv", *plain, str(self.venv))

    def _pip_by_hash(self, hashed: HashedRequirements, *words: str) -> None:
        """Install only files with a known checksum; run no build but those that are named."""
        file = self.folder / "requirements.txt"
        file.write_text(hashed.text, encoding="utf-8")
        named = ("-r", str(file)) if hashed.entries else ()
        self._pip("--require-hashes", "--only-binary", ":all:", *words, of=named)

    def _pip(self, *words: str, of: Sequence[str]) -> None:
        if not of:
            return
        quiet = ("--no-input", "--disable-pip-version-check", "--progress-bar", "off")
        python = str(interpreter_in(self.venv))
        self._step(python, "-I", "-m", "pip", "install", *quiet, *self.pip_args, *words, *of)

    def _step(self, *command: str, aloud: bool = True) -> str:
        """Run one command, report its output if `aloud` is true, and return the end of the output.

        Raises: SimulatorError if it fails.
        """
        # What pip leaves half done is removed with the folder.
        environment = clean_environment(TMPDIR=str(self.folder))
        # Options for pip may name files, relative to the user's working directory.
        tree = ProcessTree(command, environment=environment, scratch=self.folder)
        with tree:
            while tree.poll():
                self._tell(tree, aloud)
                time.sleep(_POLL_S)
        self._tell(tree, aloud)
        if tree.exit_code != 0:
            raise self._failure(f"{' '.join(command[2:4])} ended with", tree)
        return tree.log

    def _failure(self, step: str, tree: ProcessTree) -> SimulatorError:
        words = f"{step} exit code {tree.exit_code}: {_last_line(tree.log)}"
        remedy = (
            "see its last lines; --pip-args gives pip another index, a proxy, or a folder of "
            "wheels (--find-links FOLDER)"
        )
        if mismatch := _MISMATCH.search(tree.log):
            words = (
                f"{mismatch['pin']}: {mismatch['file']} is not the file that this version knows: "
                f"its SHA-256 is {mismatch['got']}"
            )
            remedy = (
                "take it from its original index: --pip-args '--index-url "
                "https://pypi.org/simple'; if it is in a folder of wheels, remove it there"
            )
        return SimulatorError(
            f"{self.env.title} could not be installed: {words}", remedy=remedy, log=tree.log
        )

    def _tell(self, tree: ProcessTree, aloud: bool) -> None:
        for line in tree.new_lines():
            if aloud:
                self.progress(line)

    def _record(self) -> None:
        inventory = self._step(str(interpreter_in(self.venv)), "-I", "-c", _INVENTORY, aloud=False)
        python, packages = json.loads(_last_line(inventory))
        hashed = self.env.hashed(full=self.full)
        record = Record(
            requirements=self.env.pins(full=self.full),
            without_dependencies=self.env.without_dependencies,
            full=self.full,
            python=python,
            packages=packages,
            size_mb=_size_mb(self.venv),
            hashes=hashed.checksum if hashed else "",
            installed=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        record.write(self.venv)


def _last_line(text: str) -> str:
    return text.splitlines()[-1] if text else ""


def _size_mb(folder: Path) -> int:
    files = (Path(root) / name for root, _, names in os.walk(folder) for name in names)
    return round(sum(file.lstat().st_size for file in files) / 1e6)
