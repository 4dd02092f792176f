"""Graphs: floats with explicit shapes, checked when they are made."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neurodeploy.data.structure import Edge, Node
from neurodeploy.errors import ValidationError
from neurodeploy.graph import Add, Conv2d, Dense, Flatten, Graph, Input, Neuron, SumPool2d, dumps
from neurodeploy.program import Input as ProgramInput
from snncore.dynamics import NumberSystem
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI

PARAMETERS = {"current_decay": 1.0, "voltage_decay": 0.5, "threshold": 1.0, "bias": 0.0}


def chain(*nodes: Node, shape: tuple[int, ...] = (2,)) -> Callable[[], Graph]:
    return lambda: Graph((Input("in", shape), *nodes), nodes[-1].name)


def linear(name: str = "fc", source: str = "in", **options: Any) -> Dense:
    return Dense(name, Edge(source), **({"weight": np.eye(2)} | options))


def conv(**options: Any) -> Conv2d:
    return Conv2d("c", Edge("in"), **({"weight": np.ones((4, 1, 2, 3))} | options))


def neuron(source: str = "in", **options: Any) -> Neuron:
    values = {"equations": CUBA_LIF, "parameters": PARAMETERS} | options
    return Neuron("n", Edge(source), **values)


def test_every_node_knows_its_shape() -> None:
    graph = chain(
        conv(stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2),
        SumPool2d("p", Edge("c"), (2, 1), (1, 2)),
        Flatten("f", Edge("p")),
        linear("a", "f", weight=np.ones((3, 4 * 3 * 1))),
        linear("b", "f", weight=np.ones((3, 4 * 3 * 1))),
        Add("sum", (Edge("a"), Edge("b"))),
        neuron("sum"),
        shape=(2, 7, 6),
    )()
    assert graph.shapes == {
        "in": (2, 7, 6),
        "c": (4, 4, 2),
        "p": (4, 3, 1),
        "f": (12,),
        "a": (3,),
        "b": (3,),
        "sum": (3,),
        "n": (3,),
    }
    assert graph.by_name["c"] is graph.nodes[1]


ONE = NumberSystem("one", (("u", LOIHI.states[0][1]),), ())
WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "a name twice": (chain(linear(), linear()), "fc: two nodes have this name"),
    "no output": (lambda: Graph((Input("in", (2,)),), "x"), "output x is not a node"),
    "no shape": (lambda: Input("in", ()), r"in: \(\) is not the shape"),
    "an unknown source": (chain(linear(source="x")), "fc: reads x, which is not a node"),
    "a cycle": (chain(linear(source="fc")), "fc: reads fc in the step that computes it"),
    "a loop": (chain(Flatten("f", Edge("f", 1))), "f: no input of a known shape"),
    "a NaN weight": (lambda: linear(weight=[[np.nan]]), "fc.weight: a value is NaN"),
    "an endless bias": (lambda: linear(bias=[np.inf, 0]), "fc.bias: a value is NaN or infinite"),
    "a NaN threshold": (
        lambda: neuron(parameters=PARAMETERS | {"threshold": np.nan}),
        "n.threshold: a value is NaN",
    ),
    "a NaN pool": (lambda: SumPool2d("p", Edge("in"), (1, 1), (1, 1), np.nan), "p.weight: is NaN"),
    "weights of one axis": (lambda: linear(weight=[1.0]), r"fc.weight: \(1,\) is not a shape"),
    "weights for nothing": (lambda: linear(weight=np.ones((0, 2))), r"\(0, 2\) is not a shape"),
    "a bias of another size": (lambda: linear(bias=[1.0]), "fc.bias: does not fit 2 outputs"),
    "a scale beyond floats": (lambda: conv(exponent=-300), "c.exponent: -300"),
    "a stride of zero": (lambda: conv(stride=(1, 0)), r"c.stride: \(1, 0\)"),
    "a pool of no size": (lambda: SumPool2d("p", Edge("in"), (0, 1), (1, 1)), "p.kernel"),
    "groups that do not divide": (lambda: conv(groups=3), "c.groups: 3 does not divide"),
    "another width": (chain(linear(), shape=(3,)), r"fc: takes 2 inputs and is given \(3,\)"),
    "an image into dense weights": (chain(linear(), shape=(1, 2, 1)), "put a Flatten before it"),
    "rows into dense weights": (chain(linear(), shape=(3, 2)), "Conv1d with a kernel of 1 over"),
    "a vector into a kernel": (chain(conv()), r"c: takes \(1, H, W\)"),
    "a kernel too large": (chain(conv(), shape=(1, 1, 9)), r"c: the window \(2, 3\) is larger"),
    "a vector into a pool": (
        chain(SumPool2d("p", Edge("in"), (1, 1), (1, 1))),
        r"p: takes \(C, H, W\)",
    ),
    "a window too large": (
        chain(SumPool2d("p", Edge("in"), (3, 1), (1, 1)), shape=(1, 2, 2)),
        r"p: the window \(3, 1\) is larger",
    ),
    "unlike shapes added": (
        chain(linear(weight=np.ones((3, 2))), Add("sum", (Edge("in"), Edge("fc")))),
        r"sum: adds values of unlike shapes \[\(2,\), \(3,\)\]",
    ),
    "a parameter missing": (lambda: neuron(parameters={}), "n: parameters do not match"),
    "neurons without integers": (lambda: neuron(system=ONE), "n: the number system one has no"),
    "a node of a program": (lambda: Graph((ProgramInput("in", (2,)),), "in"), "in"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_graph_says_why(name: str) -> None:
    make, words = WRONG[name]
    with pytest.raises(ValidationError, match=words):
        make()


def test_equal_graphs_are_written_alike() -> None:
    first = chain(linear(weight=[[0.0, 1.0]]))()
    second = chain(linear(weight=[[-0.0, 1.0]]))()
    assert first == second
    assert dumps(first) == dumps(second)
    shuffled = dict(reversed(PARAMETERS.items()))
    assert chain(neuron())().text() == chain(neuron(parameters=shuffled))().text()
    assert first != chain(linear(weight=[[0.0, 2.0]]))()
    assert first != chain(linear(weight=[[0.0, 1.0]], bias=[0.0]))()
