"""Reshapes in a row: the last is left, and a pool before them meets its reader."""

import numpy as np

from neurodeploy.data.structure import Edge
from neurodeploy.graph import (
    Add,
    Conv2d,
    Dense,
    Flatten,
    Graph,
    Input,
    Neuron,
    Node,
    Reshape,
    SumPool2d,
)
from neurodeploy.lowering import DROP_UNUSED, FOLD_POOLS, MERGE_RESHAPES, run_passes
from neurodeploy.simulator.floats import run_floats
from snncore.dynamics.zoo.spiking import CUBA_LIF

VALUES = {"current_decay": 1.0, "voltage_decay": 0.5, "threshold": 2.0, "bias": 0.0}


def graph(*nodes: Node) -> Graph:
    """Return a graph of these nodes and neurons that read the last."""
    neurons = Neuron("n", Edge(nodes[-1].name), CUBA_LIF, VALUES)
    return Graph((Input("in", (2, 12)), *nodes, neurons), "n")


def line(*behind: Node) -> Graph:
    """A pool of a line, as an image of one row and back, and what reads it."""
    image = Reshape("image", Edge("in"), (2, 1, 12))
    pool = SumPool2d("pool", Edge("image"), (1, 2), (1, 2))
    return graph(image, pool, Reshape("line", Edge("pool"), (2, 6)), *behind)


def merged(before: Graph) -> Graph:
    """Return the graph after the passes, which give the same voltages."""
    after = run_passes(before, (MERGE_RESHAPES, FOLD_POOLS, DROP_UNUSED))
    samples = np.random.default_rng(0).integers(0, 2, (3, 2, 2, 12))
    one, two = (run_floats(each, samples) for each in (before, after))
    assert np.allclose(one["n"].v, two["n"].v)
    assert after.shapes["n"] == before.shapes["n"]
    return after


def test_a_pool_of_a_line_is_folded_into_dense_weights() -> None:
    weight = np.random.default_rng(1).random((3, 12))
    after = merged(line(Flatten("flat", Edge("line")), Dense("fc", Edge("flat"), weight)))
    assert after.of_kind(SumPool2d) == ()
    assert after.by_name["fc"].weight.shape == (3, 24)


def test_a_pool_of_a_line_is_folded_into_a_convolution_of_a_line() -> None:
    weight = np.random.default_rng(1).random((3, 2, 1, 3))
    again = Reshape("again", Edge("line"), (2, 1, 6))
    after = merged(line(again, Conv2d("conv", Edge("again"), weight)))
    assert after.of_kind(SumPool2d) == ()
    assert [node.name for node in after.of_kind(Reshape)] == ["image"]


def test_terms_read_the_source_of_a_reshape_that_does_nothing() -> None:
    idle = Reshape("idle", Edge("in"), (2, 12))
    after = merged(graph(idle, Add("sum", (Edge("idle"), Edge("in")))))
    assert after.by_name["sum"].sources == (Edge("in"), Edge("in"))
    assert "idle" not in after.by_name


def test_a_reshape_that_is_read_in_its_shape_stays() -> None:
    weight = np.random.default_rng(1).random((3, 2, 1, 1))
    before = graph(Reshape("image", Edge("in"), (2, 3, 4)), Conv2d("conv", Edge("image"), weight))
    assert merged(before) == before
