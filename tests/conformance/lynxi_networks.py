"""Networks for the Lynxi target: programs in every format, and trained layers, without delays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

import neurodeploy as nd
from neurodeploy.program import Edge, Neuron, Node, Program
from targets.lynxi.check import check
from tests.conformance.attentive_networks import attentive_case
from tests.conformance.chip_networks import chip_case
from tests.conformance.moving_networks import moving_case
from tests.conformance.networks import Case
from tests.conformance.summing_networks import summing_case
from tests.conformance.zoo_networks import zoo_case
from tests.unit.quant.drawn import drawn_network, drawn_spikes

OTHERS = ("int2", "int3", "int4", "int6", "int8", "int12", "shift16")
# Random programs in the chip's own format and in the others; trained ones likewise; the zoo.
SUBSET, FULL = (9, 7, 5, 4, 9), (360, 280, 240, 140, 540)
# Beside them, programs that move values, and as many that multiply spikes; those that add them.
MOVED_SUBSET, MOVED_FULL = 5, 500
SUMMED_SUBSET, SUMMED_FULL = 4, 500


def cases(full: bool) -> Iterator[Case]:
    """Every network of the suite, or of its subset."""
    own, others, trained, trained_others, zoo = FULL if full else SUBSET
    for seed in range(own):
        yield _program(seed, "lynxi")
    for seed in range(others):
        yield _program(10_000 + seed, OTHERS[seed % len(OTHERS)])
    for seed in range(trained):
        yield _trained(seed, "lynxi")
    for seed in range(trained_others):
        yield _trained(seed, ("int2", "int3", "int4", "int8")[seed % 4])
    for seed in range(MOVED_FULL if full else MOVED_SUBSET):
        yield moving_case(seed)
        yield attentive_case(seed)
    yield from (summing_case(seed) for seed in range(SUMMED_FULL if full else SUMMED_SUBSET))
    # Of the zoo's neurons most in the chip's own format, in which float32 carries them.
    yield from (zoo_case(seed, "lynxi" if seed % 7 else "int8") for seed in range(zoo))


def _program(seed: int, form: str) -> Case:
    case = chip_case(seed, form)
    nodes = tuple(_prompt(node) for node in case.program.nodes)
    return Case(f"{form} {seed}", Program(nodes, case.program.output), case.samples)


def _trained(seed: int, form: str) -> Case:
    network, shape = drawn_network(form, seed)
    spikes = drawn_spikes(shape, seed)
    program = nd.lower(network, example=spikes)
    return Case(f"trained {form} {seed}", program, spikes.numpy().astype(np.int64), network)


def _prompt(node: Node) -> Node:
    """The node with what it reads not late."""
    edges = tuple(Edge(edge.source) for edge in node.sources)
    if isinstance(node, Neuron):
        return replace(node, inputs=edges)
    return replace(node, source=edges[0]) if edges else node


def fits(case: Case) -> bool:
    """Whether the target takes it: all but a few whose sums are too large for their width."""
    return not any(finding.severity == "error" for finding in check(case.program))
