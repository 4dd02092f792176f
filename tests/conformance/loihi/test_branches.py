"""Random networks with branches: the branching program, its chain, the file and Lava agree.

A failure names the network, such as `branching 17`, which `branching_case(17)` makes again, or
`moved 17`, which `moved_case(17)` does, or `products 17`, which `product_case(17)` does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest

from neurodeploy.program import Dense, Program, Signal, Synapse
from neurodeploy.sandbox import Environment
from neurodeploy.simulator import by_network_layer, run_golden, simulate
from neurodeploy.trace import LayerTrace, Trace
from neurodeploy.verification.compare import compare
from targets.loihi.branches import as_chain
from targets.loihi.host import lava_run
from targets.loihi.simulators.simulate import run_lava
from targets.loihi.target import target
from tests.conformance.branching import branching_case, moved_case, product_case
from tests.conformance.networks import Case
from tests.conformance.summary import show

# The networks in `make test`, and in the whole suite.
SUBSET, FULL, BATCH = 3, 250, 50
# Beside them, networks that join, cut, permute, reshape and repeat spikes and sums, or multiply.
MOVED_SUBSET, MOVED_FULL = 2, 200
LARGEST_THRESHOLD = (1 << 17) - 1
# The structures that some of many networks have.
STRUCTURES = {"relays", "phases", "surplus", "pool", "delays", "loop", "driven", "dense", "images"}


@dataclass
class Tally:
    """The comparisons: their values, what the networks are, and what is wrong."""

    values: int = 0
    chain_values: int = 0
    spikes: int = 0
    silent: int = 0
    structures: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def sentence(self, count: int) -> str:
        """The outcome, which docs/conformance.md quotes."""
        kinds = ", ".join(f"{self.structures[kind]} {kind}" for kind in sorted(STRUCTURES))
        return (
            f"{count} networks with branches, {self.values:,} values of their layers equal in the "
            f"chain, {self.chain_values:,} values of the chain with its relays equal in Lava, "
            f"{self.spikes:,} spikes, {self.silent} networks without one, "
            f"{len(self.failures)} differ\nof them with: {kinds}"
        )


def structures(case: Case) -> set[str]:
    """Return which structures the chain of a network has."""
    chain = as_chain(case.program)
    joined = [node for node in chain.layers if node.parts is not None]
    checks = {
        "relays": any(node.parts is not None for node in joined),
        "phases": any(part.phases != (1, 1) for node in joined for part in node.parts or ()),
        "surplus": any(node.parameters["bias"].ndim == 3 for node in joined),
        "pool": any(node.parts == () for node in joined),
        "delays": any(isinstance(n, Dense) and n.delays is not None for n in chain.nodes),
        "loop": any(node.source.delay for node in chain.synapses),
        "driven": chain.input.signal == Signal.CURRENT,
        "dense": any(len(chain.shapes[node.name]) == 1 for node in joined),
        "images": any(len(chain.shapes[node.name]) == 3 for node in joined),
    }
    return {name for name, present in checks.items() if present}


def complaints(case: Case, tally: Tally) -> list[str]:
    """Return what differs before any simulator sees the network."""
    chain, words = as_chain(case.program), []
    branching, golden = (run_golden(each, case.samples) for each in (case.program, chain))
    shown = by_network_layer(chain, golden)
    # A network's own layers, whatever the chain holds beside them.
    for name in branching.layers.keys() & _needed(case.program):
        for key, values in branching[name].values.items():
            other = shown[name].values.get(key)
            if other is None or (other != values).any():
                words.append(f"{case.name}: {name}.{key} differs in the chain")
            tally.values += values.size
    fast = compare("golden = fast", golden, simulate(chain, case.samples, "fast"), 0.0)
    words += [] if fast.same else [f"{case.name}: golden = fast: {fast.reason}"]
    artifact = target.compile(chain)
    words += [] if target.read(artifact) == chain else [f"{case.name}: another program is read"]
    return words


def _needed(program: Program) -> set[str]:
    """Return the nodes that a program's output follows from."""
    needed, pending = set[str](), [program.output]
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending += [edge.source for edge in program.by_name[name].sources]
    return needed


def run_batch(batch: list[Case], tally: Tally) -> None:
    """Take some networks through every link, the simulator's in one call for all."""
    chains = [as_chain(case.program) for case in batch]
    runs = [
        lava_run(target.compile(c), case.samples) for c, case in zip(chains, batch, strict=True)
    ]
    for case, chain, layers in zip(batch, chains, run_lava(runs), strict=True):
        tally.structures.update(structures(case))
        tally.failures += complaints(case, tally)
        golden = run_golden(chain, case.samples)
        named = zip(golden, layers, strict=True)
        lava = Trace({name: LayerTrace(values) for name, values in named}, golden.output_layer)
        link = compare("golden = lava", golden, lava, 0.0)
        spikes = by_network_layer(chain, golden).spikes()
        tally.chain_values += link.compared
        tally.spikes, tally.silent = tally.spikes + spikes, tally.silent + (spikes == 0)
        if not link.same:
            first = link.divergence.sentence() if link.divergence else link.reason
            tally.failures.append(f"{case.name}: golden = lava: {first}")


@pytest.mark.timeout(3600)
def test_chains_of_random_networks(
    lava: Environment, full: bool, request: pytest.FixtureRequest
) -> None:
    count, tally = FULL if full else SUBSET, Tally()
    for first in range(0, count, BATCH):
        seeds = range(first, min(first + BATCH, count))
        run_batch([branching_case(seed) for seed in seeds], tally)
    show(request.config, "networks with branches", tally.sentence(count))
    assert not tally.failures, "\n".join(tally.failures)
    assert tally.spikes
    assert tally.silent <= count // 20
    if full:
        assert all(tally.structures[kind] >= 5 for kind in STRUCTURES), tally.structures


CHAINS = {"networks that move values": moved_case, "networks that multiply": product_case}


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", CHAINS)
def test_chains_of_networks_that_move_or_multiply(
    kind: str, lava: Environment, full: bool, request: pytest.FixtureRequest
) -> None:
    count, tally = MOVED_FULL if full else MOVED_SUBSET, Tally()
    for first in range(0, count, BATCH):
        seeds = range(first, min(first + BATCH, count))
        run_batch([CHAINS[kind](seed) for seed in seeds], tally)
    show(request.config, kind, tally.sentence(count))
    assert not tally.failures, "\n".join(tally.failures)
    assert tally.spikes
    assert not tally.silent


def without_relays(chain: Program) -> Program:
    """Return a chain whose relays, which read one synapse of weight 2, read none."""
    nodes = []
    cut = {node.inputs[0].source for node in chain.layers if node.parts is not None}
    for node in chain.nodes:
        if isinstance(node, Synapse) and node.name in cut:
            weight = node.narrow_weight.copy()
            flat = weight.reshape(len(weight), -1)
            flat[((flat != 0).sum(axis=1) == 1) & (flat.max(axis=1) == 2)] = 0
            node = replace(node, weight=weight)
        nodes.append(node)
    return Program(tuple(nodes), chain.output)


def test_relays_that_are_cut_are_seen() -> None:
    seen = 0
    for seed in range(8):
        case = branching_case(seed)
        chain = as_chain(case.program)
        golden = run_golden(chain, case.samples)
        changed = run_golden(without_relays(chain), case.samples)
        shown, other = (by_network_layer(chain, trace) for trace in (golden, changed))
        seen += not compare("cut", shown, other, 0.0).same
    assert seen >= 4
