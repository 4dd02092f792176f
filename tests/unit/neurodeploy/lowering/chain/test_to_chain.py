"""Branches as a chain of layers: relays, phases, copies, OR neurons and refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import (
    Conv2d,
    Dense,
    Edge,
    Flatten,
    Input,
    MaxPool2d,
    Neuron,
    Node,
    Part,
    Program,
    loads,
)
from neurodeploy.simulator import by_network_layer, run_golden
from neurodeploy.target import Severity
from targets.loihi.branches import as_chain
from targets.loihi.target import target
from tests.unit.targets.loihi.programs import neuron

RNG = np.random.default_rng(3)


def driven(name: str, *sources: str, threshold: int = 60) -> Neuron:
    """Leaky neurons that some weights drive."""
    node = neuron(name, sources[0])
    values = dict(node.parameters) | {"threshold": np.array(threshold)}
    return replace(node, inputs=tuple(map(Edge, sources)), parameters=values)


def dense(name: str, source: str, outputs: int, inputs: int, **more: Any) -> Dense:
    return Dense(name, Edge(source), 2 * RNG.integers(-20, 50, (outputs, inputs)), -6, **more)


def kernel(name: str, source: str, outputs: int, inputs: int, size: int = 3, **more: Any) -> Conv2d:
    weight = 2 * RNG.integers(-20, 50, (outputs, inputs, size, size))
    return Conv2d(name, Edge(source), weight, exponent=-6, **more)


def program(shape: tuple[int, ...], *nodes: Node) -> Program:
    return Program((Input("input", shape), *nodes), nodes[-1].name)


def skip() -> Program:
    return program(
        (5,),
        *(dense("a", "input", 4, 5), driven("one", "a")),
        *(dense("b", "one", 6, 4), driven("two", "b")),
        *(dense("c", "two", 3, 6), dense("d", "one", 3, 4), dense("e", "input", 3, 5)),
        driven("out", "c", "d", "e"),
    )


def strided() -> Program:
    """A stride-2 block whose skip has a 3 x 3 kernel, so that four phases are relayed."""
    half = {"stride": (2, 2), "padding": (1, 1)}
    return program(
        (2, 7, 5),
        *(kernel("a", "input", 3, 2, padding=(1, 1)), driven("one", "a", threshold=200)),
        *(kernel("b", "one", 4, 3, **half), driven("two", "b", threshold=200)),
        *(kernel("c", "two", 4, 4, padding=(1, 1)), kernel("d", "one", 4, 3, **half)),
        driven("out", "c", "d", threshold=300),
    )


def pooled() -> Program:
    return program(
        (2, 5, 5),
        MaxPool2d("pool", Edge("input"), (2, 2), (2, 2)),
        *(kernel("a", "pool", 3, 2, 1), driven("one", "a")),
        Flatten("flat", Edge("input")),
        Flatten("flat2", Edge("one")),
        *(dense("b", "flat", 4, 50), dense("c", "flat2", 4, 12), driven("out", "b", "c")),
    )


def twice() -> Program:
    """Weights of one source that add up beyond what a synapse holds."""
    large = np.full((3, 4), 200)
    return program(
        (4,),
        *(Dense("a", Edge("input"), large, -6), Dense("b", Edge("input"), large, -6)),
        driven("out", "a", "b", threshold=900),
    )


def looped(late: str = "") -> Program:
    """A recurrent layer beside another, one of them with delays."""
    delays = {name: RNG.integers(1, 5, (3, 4)) if name == late else None for name in "ab"}
    back = Dense("r", Edge("one", 1), np.full((3, 3), 10), -6)
    return program(
        (4,),
        *(dense("a", "input", 3, 4, delays=delays["a"]), back, driven("one", "a", "r")),
        *(dense("b", "input", 3, 4, delays=delays["b"]), driven("two", "b")),
        *(dense("c", "one", 2, 3), dense("d", "two", 2, 3), driven("out", "c", "d")),
    )


PROGRAMS = {
    "skip": skip(),
    "strided": strided(),
    "pooled": pooled(),
    "twice": twice(),
    "delays beside a loop": looped("b"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_chain_computes_the_same(name: str) -> None:
    branching = PROGRAMS[name]
    chain = as_chain(branching)
    samples = (RNG.random((9, 3, *branching.input.shape)) < 0.5).astype(np.int64)
    expected = run_golden(branching, samples)
    shown = by_network_layer(chain, run_golden(chain, samples))
    assert list(shown) == list(expected)
    assert shown.output_layer == expected.output_layer
    for layer in expected:
        assert expected[layer].s.any(), layer
        for key, values in expected[layer].values.items():
            assert (shown[layer].values[key] == values).all(), (layer, key)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_file_keeps_the_layers_of_the_network(name: str) -> None:
    chain = as_chain(PROGRAMS[name])
    assert [each for each in target.check(chain) if each.severity == Severity.ERROR] == []
    artifact = target.compile(chain)
    back = target.read(artifact)
    assert back == chain
    assert back.sha256 == chain.sha256
    assert loads(chain.dumps()) == chain


def test_a_chain_stays_as_it_is() -> None:
    plain = program((5,), dense("a", "input", 4, 5), driven("one", "a"))
    assert as_chain(plain) is plain
    chain = as_chain(PROGRAMS["skip"])
    assert as_chain(chain) is chain


def test_only_the_phases_that_are_read_are_relayed() -> None:
    half = {"stride": (2, 2)}
    nodes = list(strided().nodes)
    nodes[6] = kernel("d", "one", 4, 3, 1, **half)
    one = as_chain(Program(tuple(nodes), "out"))
    four = as_chain(strided())
    # Four channels of the network's layer, and three that are relayed: in one phase, or in four.
    assert one.shapes["level2"] == (4 + 3, 4, 3)
    assert four.shapes["level2"] == (4 + 12, 4, 3)


def test_weights_beyond_a_synapse_read_copies() -> None:
    chain = as_chain(twice())
    assert chain.shapes["level1"] == (8,)
    assert chain.by_name["out.synapse"].weight.max() == 200
    large = replace(twice().by_name["a"], weight=np.full((3, 4), 600))
    only = Program((Input("input", (4,)), large, driven("out", "a")), "out")
    assert as_chain(only) is only
    both = Program((*twice().nodes[:1], large, *twice().nodes[2:]), "out")
    assert as_chain(both).by_name["out.synapse"].weight.max() <= 254


def wide() -> Program:
    weight = np.full((1, 1 << 15), 254)
    first = Conv2d("a", Edge("input"), weight[..., None, None], exponent=-6)
    other = replace(first, name="b")
    return program((1 << 15, 1, 1), first, other, driven("out", "a", "b"))


REFUSED = {
    "delays of a recurrent layer": (looped("a"), "a: waits beside the recurrent one"),
    "sums that may wrap": (wide(), "out: its sums may reach .* they wrap"),
    "a loop over another layer": (
        program(
            (4,),
            *(dense("a", "input", 3, 4), Dense("r", Edge("two", 1), np.ones((3, 3)), -6)),
            *(driven("one", "a", "r"), dense("b", "one", 3, 3), driven("two", "b")),
        ),
        "r: reads two, which comes later",
    ),
    "a late convolution": (
        program(
            (1, 3, 3),
            *(kernel("a", "input", 1, 1, 1), driven("one", "a")),
            replace(kernel("b", "one", 1, 1, 1), source=Edge("input", 2)),
            *(kernel("c", "one", 1, 1, 1), driven("out", "b", "c")),
        ),
        "b: reads input 2 steps late",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_chain_holds_is_refused(name: str) -> None:
    branching, words = REFUSED[name]
    with pytest.raises(DoesNotFitError, match=words) as error:
        as_chain(branching)
    assert "export the network for onnx" in (error.value.remedy or "")


def test_loops_stand_side_by_side() -> None:
    chain = as_chain(looped())
    (back,) = [node for node in chain.synapses if node.source.delay]
    assert back.narrow_weight.shape == (6, 6)
    assert back.narrow_weight[3:].any() == 0


def test_parts_are_checked() -> None:
    chain = as_chain(skip())
    joined = chain.by_name["level1"]
    assert isinstance(joined, Neuron)
    wrong = replace(joined, parts=(Part("one", (99,)),))
    nodes = tuple(wrong if node is joined else node for node in chain.nodes)
    with pytest.raises(ValueError, match="the part one does not fit"):
        Program(nodes, "out")
    wrong = replace(joined, parts=(Part("one", (3,)), Part("other", (3,), 2)))
    nodes = tuple(wrong if node is joined else node for node in chain.nodes)
    with pytest.raises(ValueError, match="the part other overlaps"):
        Program(nodes, "out")
