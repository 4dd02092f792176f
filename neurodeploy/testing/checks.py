"""The duties of every target for every program of the suite; each check raises what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurodeploy.artifact import MANIFEST, Artifact, program_hashes
from neurodeploy.data.content import content_of
from neurodeploy.errors import NeurodeployError, PluginError, UnknownNameError
from neurodeploy.program import Program
from neurodeploy.report import Link, Status
from neurodeploy.sandbox import Environment, State, status
from neurodeploy.simulator import run_golden
from neurodeploy.simulator.samples import users_samples
from neurodeploy.target import (
    Finding,
    NamesReceivers,
    Severity,
    Simulation,
    Target,
    open_artifact,
)
from neurodeploy.testing.suite import Case
from neurodeploy.verification import Original, subject_of, verify
from neurodeploy.verification.meaning import Exact
from neurodeploy.verification.simulated import simulated


class ConformanceError(NeurodeployError, AssertionError):
    """A duty that a target does not fulfil."""


def require(holds: bool, message: str) -> None:
    """Check that the condition holds.

    Raises:
        ConformanceError: otherwise, with the message.
    """
    if not holds:
        raise ConformanceError(message)


def errors_in(findings: tuple[Finding, ...]) -> list[Finding]:
    """Return the findings that refuse a program."""
    return [finding for finding in findings if finding.severity == Severity.ERROR]


def check_findings(chip: Target, program: Program) -> tuple[Finding, ...]:
    """Check that the target's findings name a node and a remedy, and are the same once more."""
    findings = chip.check(program)
    require(isinstance(findings, tuple), f"check returned {type(findings).__name__}, not a tuple")
    for finding in findings:
        require(isinstance(finding, Finding), f"check found {finding!r:.80}, not a Finding")
        require(
            any(finding.node.startswith(node.name) for node in program.nodes),
            f"the finding {str(finding)!r} does not begin with the name of a node",
        )
        require(bool(finding.message.strip()), f"the finding of {finding.node} has no message")
        refuses = finding.severity == Severity.ERROR
        remedy = (finding.remedy or "").strip()
        require(bool(remedy) or not refuses, f"the finding {str(finding)!r} has no remedy")
    require(chip.check(program) == findings, "check found something else the second time")
    return findings


def check_compiled(chip: Target, program: Program) -> None:
    """Check that compiling twice gives the same bytes, with hashes and a contract in JSON."""
    artifact, again = chip.compile(program), chip.compile(program)
    require(artifact.target == chip.name, f"the artifact is for {artifact.target!r}")
    require(len(artifact.files) > 0, "the artifact has no files")
    require([*artifact.files] == [*again.files], "compile wrote other files the second time")
    for name in artifact.files:
        same = content_of(artifact.files, name).sha256() == content_of(again.files, name).sha256()
        require(same, f"{name}: compile wrote other bytes the second time")
        require(name != MANIFEST, f"{MANIFEST} is the name of the manifest, not of a file")
    require(artifact.manifest() == again.manifest(), "the manifest differs the second time")
    contract = json.loads(json.dumps(artifact.contract))
    require(contract == artifact.contract, "the contract changes when it is written as JSON")
    hashes = program_hashes(program)
    require(artifact.program == hashes, "Artifact.program is not program_hashes(program)")


def check_read(chip: Target, program: Program) -> None:
    """Check that the files hold the whole program."""
    back = chip.read(chip.compile(program))
    for expected, node in zip(program.nodes, back.nodes, strict=False):
        require(expected == node, f"{expected.name} is read back as another node: {node!r:.200}")
    require(back == program, "another program is read back")


def check_folder(chip: Target, case: Case, folder: Path) -> None:
    """Check that an artifact is the same from the disk, and that verify finds it equal."""
    artifact = chip.compile(case.program)
    artifact.write(folder)
    opened = open_artifact(folder)
    require(not opened.edited, f"the folder was not edited, and yet: {opened.edited}")
    require(opened.target == chip.name, f"the manifest names the target {opened.target!r}")
    require(opened.contract == artifact.contract, "the contract read from the disk differs")
    require(chip.read(opened) == case.program, "another program is read from the disk")
    problem = problem_of(opened, case)
    require(problem is None, f"verify finds an untouched artifact not equal: {problem}")


def problem_of(artifact: Artifact, case: Case) -> str | None:
    """Return what `verify` says against an artifact, or nothing if it finds it equal."""
    program = case.program
    samples = users_samples(program, case.samples)
    with speaking_clearly("verify"):
        try:
            subject = subject_of(artifact, Original(network=program))
            report = verify(subject, samples, simulator="none")
        except PluginError:
            raise
        except NeurodeployError as error:
            require("\n" not in error.message, f"an error of several lines: {error.message}")
            return error.message
    return None if report.equal else next(filter(None, map(_problem, report.links)), "not equal")


def _problem(link: Link) -> str | None:
    if link.status == Status.EQUAL or not link.requested:
        return None
    sentence = link.divergence.sentence() if link.divergence else link.reason
    return f"{link.name}: {link.status.value}: {sentence}"


@contextmanager
def speaking_clearly(subject: str) -> Iterator[None]:
    """Run a block in which a target may refuse, but only in words: other exceptions are defects."""
    try:
        yield
    except PluginError as error:
        raise ConformanceError(f"{subject}: {error.message}") from error
    except NeurodeployError:
        raise
    except Exception as error:
        raise ConformanceError(f"{subject}: raised {error!r}, not an ArtifactError") from error


def judges(chip: Target) -> list[str]:
    """Return the simulators that must compute a program; receivers of a format need not."""
    receivers = chip.receivers if isinstance(chip, NamesReceivers) else frozenset()
    return [name for name in chip.simulators if name not in receivers]


def missing_simulator(chip: Target, name: str) -> str | None:
    """Return the command that installs a simulator, or nothing if it can be run."""
    simulator = chip.simulators[name]
    if not isinstance(simulator, Environment):
        return None
    installation = status(simulator)
    return None if installation.state is State.INSTALLED else installation.remedy


def check_simulator(chip: Target, case: Case, name: str, folder: Path) -> str | None:
    """Check that a simulator computes what the program means; return why it was not asked.

    It is asked of the folder's files, for every layer, step and state that it shows.
    """
    remedy = missing_simulator(chip, name)
    if remedy is not None:
        return f"not run: {name} is not installed ({remedy})"
    chip.compile(case.program).write(folder)
    meaning = Exact(case.program, users_samples(case.program, case.samples))
    (outcome,) = simulated(chip, open_artifact(folder), meaning, name, Simulation())
    link = outcome.link
    if link.status == Status.NOT_RUN:
        require(outcome.beyond, f"{name} was not run: {link.reason} {link.log[-2000:]}")
        return f"not run: {link.reason}"
    require(link.status == Status.EQUAL and link.compared > 0, str(_problem(link)))
    return None


def check_unknown_simulator(chip: Target, case: Case) -> None:
    """Check that a simulator of an unknown name is refused."""
    artifact = chip.compile(case.program)
    try:
        chip.simulate(artifact, case.samples, simulator="no such simulator")
    except UnknownNameError:
        return
    raise ConformanceError("simulate takes a simulator of an unknown name")


def check_spikes(case: Case) -> None:
    """Check that every layer of a program sends something, so that equality means something."""
    trace = run_golden(case.program, case.samples)
    silent = [name for name in trace if not trace[name].values["s"].any()]
    require(not silent, f"{case.name}: {', '.join(silent)} sends nothing; lower its threshold")
