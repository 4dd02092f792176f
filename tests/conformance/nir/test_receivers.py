"""Frameworks read our NIR files by their own import: who computes what the program means.

The outcome is a table in docs/nir-receivers.md, which is held here, cell by cell.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import neurodeploy as nd
from neurodeploy.artifact import Artifact
from neurodeploy.program import Program
from neurodeploy.report import Status
from neurodeploy.sandbox import install
from neurodeploy.simulator import run_golden
from neurodeploy.target import Simulation, open_artifact
from neurodeploy.testing.conformance import accepted_programs
from neurodeploy.testing.suite import Case, suite
from neurodeploy.verification.compare import compare
from snncore import layer, neuron
from targets.nir.foreign.profiles import PROFILES
from targets.nir.simulators.receivers.run import (
    RECEIVERS,
    Shown,
    of_program,
    program_trace,
    shown,
)
from targets.nir.simulators.runs import FileRun, file_run
from targets.nir.simulators.simulate import REFERENCE
from targets.nir.target import target
from tests.conformance.nir.alike import alike
from tests.conformance.nir.published import PAGE, readings, require_as_written

LEAST_SPIKES = 20


@pytest.fixture(scope="session")
def frameworks() -> tuple[str, ...]:
    """The frameworks, ready to run."""
    for environment in RECEIVERS.values():
        install(environment)
    return tuple(RECEIVERS)


def cases() -> dict[str, Case]:
    """Return the networks of the kit that NIR takes."""
    return {name: suite("nir")[name] for name in accepted_programs("nir")}


def own_words(
    chosen: list[Case], replies: list[list[Shown] | str], runs: list[FileRun]
) -> dict[str, str]:
    """Return what a framework makes of our own files, in a word."""
    words = {}
    for case, run, reply in zip(chosen, runs, replies, strict=True):
        if isinstance(reply, str):
            assert reply.startswith(("importing: ", "running: ")), reply
            words[case.name] = "cannot"
            continue
        trace = program_trace(run, [layer.sent for layer in reply])
        link = compare("", run_golden(case.program, case.samples), trace, 0.0)
        assert link.spikes, case.name
        words[case.name] = link.status.value
    return words


def compiled(program: Program) -> Artifact:
    return target.compile(program)


def table() -> dict[str, dict[str, str]]:
    """Return the page's table: a framework's words by the names of the networks."""
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if "| " in line]
    head = next(row for row in rows if row[0] == "network")
    body = [row for row in rows if len(row) == len(head) and row[0] in cases()]
    return {name: {row[0]: row[index] for row in body} for index, name in enumerate(head) if index}


# Without --full, every other framework; `verify` below asks all of them.
@pytest.mark.every(2)
@pytest.mark.parametrize("framework", RECEIVERS)
def test_the_page_says_what_each_framework_computes(
    framework: str, frameworks: tuple[str, ...], full: bool
) -> None:
    # Without --full, every other row of our own files, and the files of others by one profile.
    chosen = list(cases().values())[:: 1 if full else 2]
    runs = [file_run(compiled(case.program), case.samples) for case in chosen]
    # Rockpool's neurons run away in files with these numbers: test_rockpool.py has its own.
    files = alike() if framework != "rockpool" else {}
    asked = readings(files, PROFILES if full else (framework,))
    # One process, which imports torch once.
    both = [*map(of_program, runs), *(each.run for each in asked.values())]
    replies = shown(RECEIVERS[framework], both, Simulation())
    written = table()[framework]
    assert list(written) == list(cases())
    words = own_words(chosen, replies[: len(runs)], runs)
    assert words == {case.name: written[case.name] for case in chosen}
    require_as_written(framework, asked, replies[len(runs) :])


def test_nir_itself_computes_what_we_read() -> None:
    install(REFERENCE)
    asked = readings(alike(), ("spec",))
    replies = shown(REFERENCE, [each.run for each in asked.values()], Simulation())
    require_as_written(REFERENCE.name, asked, replies)


def test_verify_tells_of_each_framework(frameworks: tuple[str, ...], tmp_path: Path) -> None:
    case = cases()["nir IF, dense"]
    compiled(case.program).write(tmp_path / "artifact")
    artifact = open_artifact(tmp_path / "artifact")
    report = nd.verify(artifact, samples=case.samples, simulator="all")
    links = {link.name.removeprefix("golden = "): link for link in report.links}
    assert links["spikingjelly"].status == Status.EQUAL
    assert links["spikingjelly"].spikes > LEAST_SPIKES
    assert report.exit_code == 1
    assert links["sinabs"].divergence is not None
    refused = links["snntorch"]
    assert (refused.status, refused.requested, refused.beyond) == (Status.NOT_RUN, False, True)
    assert refused.reason == "snnTorch 1.0.0, importing: AssertionError: r != 1 not supported"


def test_a_float_network_is_computed_by_the_framework(
    frameworks: tuple[str, ...], tmp_path: Path
) -> None:
    # Fires above the threshold, at which SpikingJelly fires too; no sum meets it.
    fires = {"tau": 4.0, "decay_input": False, "strict": True}
    network = nn.Sequential(
        layer.Linear(20, 16), neuron.LIF(**fires), layer.Linear(16, 5), neuron.LIF(**fires)
    )
    with torch.no_grad():
        for weights in (network[0], network[2]):
            weights.weight.mul_(3)
    samples = (torch.rand(30, 3, 20) < 0.6).float()
    artifact = nd.export(network, target="nir", path=tmp_path / "out", example=samples)
    report = nd.verify(artifact, model=network, samples=samples, simulator="spikingjelly")
    assert report.equal, report.links
    assert report.links[-1].spikes > LEAST_SPIKES
