"""Random networks: training, golden, fast, the artifact and Lava agree on every value.

A failure names the network, such as `program 17`, which `random_case(17)` makes again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.artifact import Artifact, program_hashes
from neurodeploy.errors import SimulatorError
from neurodeploy.program import Dense
from neurodeploy.sandbox import Environment
from neurodeploy.simulator import run_golden, simulate
from neurodeploy.trace import LayerTrace, Trace
from neurodeploy.verification.compare import compare
from targets.loihi.host import lava_run
from targets.loihi.simulators.simulate import run_lava
from targets.loihi.target import target
from tests.conformance.driving import driven_case
from tests.conformance.messages import message_case
from tests.conformance.networks import Case, limit_cases, random_case, timed_case
from tests.conformance.resonating import resonating_case
from tests.conformance.summary import show
from tests.conformance.trained import trained_case
from tests.unit.targets.loihi.programs import driven

# How many random programs, trained networks, programs with recurrence or delays, sigma-delta
# programs, resonators and input neurons that a host drives there are: in `make test`, and in all.
SUBSET, FULL = (9, 3, 5, 4, 4, 2), (520, 60, 300, 150, 150, 60)
# What one call of the simulator gets.
BATCH = 64
LARGEST = (1 << 23) - 1


@dataclass
class Tally:
    """The comparisons with Lava: their values, their coverage and their differences."""

    names: list[str] = field(default_factory=list)
    values: int = 0
    spikes: int = 0
    differing: int = 0
    silent: int = 0
    met: int = 0
    wrapped: int = 0
    saturated: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, case: Case, golden: Trace, lava: Trace) -> None:
        """Count one network that ran."""
        self.names.append(case.name)
        self.spikes += golden.spikes()
        self.silent += golden.spikes() == 0
        for node in case.program.layers:
            values, other = golden[node.name].values, lava[node.name].values
            self.values += sum(values[key].size for key in other)
            self.differing += sum(int((values[key] != other[key]).sum()) for key in other)
            if node.graded:
                continue
            voltage = values["v" if node.ports is None else "real"]
            threshold = np.broadcast_to(node.parameters["threshold"], voltage.shape)
            self.met += int(((voltage == threshold << 6) & (threshold > 0)).sum())
            self.saturated += int((abs(voltage) == LARGEST).sum())
            if node.ports is not None:
                continue
            self.wrapped += int((abs(np.diff(values["u"], axis=0)) > LARGEST).sum())

    def sentence(self) -> str:
        """Return the outcome, which docs/conformance.md quotes."""
        return (
            f"{len(self.names)} networks, {self.values:,} values of spikes, messages and states, "
            f"{self.spikes:,} spikes, {self.differing} values differ\n"
            f"{self.silent} networks without a spike; currents wrapped {self.wrapped:,} times, "
            f"voltages saturated {self.saturated:,} times, "
            f"thresholds were met exactly {self.met:,} times"
        )


@cache
def cases(full: bool) -> list[Case]:
    """Return every network of the suite, or of its subset."""
    programs, trained, timed, graded, resonating, driven = FULL if full else SUBSET
    return [
        # Every other one, so that of few programs more are driven hard.
        *map(random_case, range(programs) if full else range(15, 15 + 2 * programs, 2)),
        *limit_cases(),
        *map(trained_case, range(trained)),
        *map(timed_case, range(timed)),
        *map(message_case, range(graded)),
        *map(resonating_case, range(resonating)),
        *map(driven_case, range(driven)),
    ]


def failure(name: str, expected: Trace, got: Trace) -> str | None:
    """Return what is wrong with a link, if anything is."""
    link = compare(name, expected, got, 0.0)
    if link.same:
        return None
    return f"{name}: {link.divergence.sentence() if link.divergence else link.reason}"


def complaints(case: Case, artifact: Artifact, golden: Trace) -> list[str]:
    """Return what is wrong with a network before any simulator sees it."""
    program, failures = case.program, []
    back = target.read(artifact)
    if back != program:
        failures.append("program = artifact: another program was read back")
    elif program_hashes(back) != artifact.program:
        failures.append("program = artifact: an equal program has another hash")
    if target.compile(program).files != artifact.files:
        failures.append("compiled twice, other bytes")
    failures.append(failure("golden = fast", golden, simulate(program, case.samples, "fast")))
    if case.model is not None:
        from neurodeploy.frontend.training import training_trace

        trained = training_trace(case.model, program, case.samples)
        failures.append(failure("training = golden", trained, golden))
    return [f"{case.name}: {words}" for words in failures if words]


def run_batch(batch: list[Case], tally: Tally) -> None:
    """Take some networks through every link, the simulator's in one call for all."""
    artifacts = [target.compile(case.program) for case in batch]
    goldens = [run_golden(case.program, case.samples) for case in batch]
    pairs = zip(batch, artifacts, strict=True)
    runs = [lava_run(artifact, case.samples) for case, artifact in pairs]
    try:
        results = run_lava(runs)
    except SimulatorError as error:
        pytest.fail(f"one of {batch[0].name} .. {batch[-1].name}: {error}\n{error.log}")
    for case, artifact, golden, layers in zip(batch, artifacts, goldens, results, strict=True):
        named = zip(golden, layers, strict=True)
        lava = Trace({name: LayerTrace(values) for name, values in named}, golden.output_layer)
        tally.add(case, golden, lava)
        tally.failures += complaints(case, artifact, golden)
        wrong = failure("golden = lava", golden, lava)
        tally.failures += [f"{case.name}: {wrong}"] if wrong else []


@pytest.mark.timeout(3600)
def test_every_random_network_is_equal_in_every_link(
    full: bool, lava: Environment, pytestconfig: pytest.Config
) -> None:
    tally = Tally()
    drawn = cases(full)
    for start in range(0, len(drawn), BATCH):
        run_batch(drawn[start : start + BATCH], tally)
    show(pytestconfig, "Loihi: training = golden = fast = artifact = Lava", tally.sentence())
    assert not tally.failures, "\n".join(tally.failures[:20])
    assert tally.differing == 0
    assert len(tally.names) >= (500 if full else 25)
    assert len(set(tally.names)) == len(tally.names)
    assert tally.silent <= len(tally.names) // 10
    assert tally.spikes > 50 * len(tally.names)
    assert min(tally.met, tally.wrapped, tally.saturated) > 100


def test_a_seed_makes_the_same_network_again() -> None:
    for seed in (0, 7, 13):
        one, other = random_case(seed), random_case(seed)
        assert one.program == other.program
        assert np.array_equal(one.samples, other.samples)
    assert random_case(0).program != random_case(1).program


def test_the_subset_covers_what_the_generator_can_make() -> None:
    drawn = cases(False)
    layers = [node for case in drawn for node in case.program.nodes]
    kinds = {type(node).__name__ for node in layers}
    assert kinds == {"Input", "Conv2d", "Dense", "Flatten", "Neuron"}
    assert {len(case.program.layers) for case in drawn} >= {1, 2, 3, 4, 5}
    assert {case.program.input.signal.value for case in drawn} == {"spikes", "current"}
    assert {1, 64} <= {len(case.samples) for case in drawn}
    dense = [node for node in layers if isinstance(node, Dense)]
    assert any(node.source.delay == 1 for node in dense)
    assert max(int(node.delays.max()) for node in dense if node.delays is not None) == 62
    neurons = [node for case in drawn for node in case.program.layers]
    names = {node.equations.name for node in neurons}
    assert names >= {"CubaLIF", "Delta", "SigmaDelta", "Sigma"}
    assert names >= {"Resonator", "ResettingResonator", "DrivenCubaLIF"}
    lif = [node for node in neurons if node.equations.name == "CubaLIF"]
    decays = [node.parameters["current_decay"] for node in lif]
    assert {0, 1, 4095, 4096} <= {int(value) for value in decays if value.size == 1}
    assert any(value.size > 1 for value in decays)
    biases = [node.parameters["bias"] for node in lif]
    assert {value.ndim for value in biases} >= {0, 1, 3}
    assert min(int(value.min()) for value in biases) < 0 < max(int(value.max()) for value in biases)


def test_input_neurons_take_a_bias_from_the_host(lava: Environment) -> None:
    program = driven((2, 3, 4), bias=37, threshold=200)
    artifact = target.compile(program)
    assert artifact.contract["input"]["bias"] == 37
    assert target.read(artifact) == program
    report = nd.verify(artifact, samples=nd.RandomSamples(12, 3, 0.4, 1), simulator="lava")
    assert report.equal
    assert report.layers[0].spikes > 10
    # Without the manifest the file's note of it is not read, as the loader does not.
    bare = target.read(Artifact("loihi", dict(artifact.files)))
    assert not bare.layers[0].parameters["bias"].any()
