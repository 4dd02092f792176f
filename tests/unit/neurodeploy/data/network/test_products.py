"""Products: each multiplies as its definition says, in every language; or is refused by name."""

from itertools import product

import numpy as np
import pytest
import torch

from neurodeploy import graph as g
from neurodeploy import program as p
from neurodeploy.data.network.arithmetic import Arithmetic
from neurodeploy.data.structure import Edge, Shape
from neurodeploy.errors import ValidationError
from neurodeploy.program.kinds.products import PRODUCTS
from neurodeploy.program.ranges import ranges
from neurodeploy.simulator import run_golden
from neurodeploy.simulator.fast import run_fast
from neurodeploy.simulator.moving import TorchWords
from snncore import layer
from snncore.dynamics.arithmetic.interval import Interval
from tests.unit.programs import neurons

A, B, C = Edge("a"), Edge("b"), Edge("c")
Array = np.ndarray


def naive_attention(query: Array, key: Array, value: Array, heads: int) -> Array:
    """Every query by itself: how often each key meets it, and the values so many times."""
    result = np.zeros_like(query)
    channels, tokens = query.shape[1], query.shape[2]
    width = channels // heads
    for n, head, t, other in product(range(len(query)), range(heads), range(tokens), range(tokens)):
        own = slice(head * width, (head + 1) * width)
        meets = int((query[n, own, t] * key[n, own, other]).sum())
        result[n, own, t] += meets * value[n, own, other]
    return result


def drawn(count: int, *shape: int, low: int = -2, high: int = 4) -> list[Array]:
    rng = np.random.default_rng(3)
    return [rng.integers(low, high, (3, *shape)) for _ in range(count)]


CASES: dict[str, tuple[Arithmetic, tuple[Shape, ...]]] = {
    "multiply": (p.Multiply("x", (A, B)), ((2, 4, 3), (2, 4, 3))),
    "complement": (p.Multiply("x", (A, B), complement=True), ((2, 4, 3), (2, 4, 3))),
    "mask": (p.Multiply("x", (A, B)), ((2, 4, 3), (2, 1, 3))),
    "attention": (p.Attention("x", (A, B, C), heads=2), ((4, 6),) * 3),
    "attention of images": (p.Attention("x", (A, B, C)), ((3, 2, 2),) * 3),
}


def expected(name: str, values: list[Array]) -> Array:
    node, shapes = CASES[name]
    if isinstance(node, p.Attention):
        flat = [each.reshape(3, shapes[0][0], -1) for each in values]
        return naive_attention(*flat, node.heads).reshape(values[0].shape)
    first, second = values
    return first - first * second if name == "complement" else first * second


@pytest.mark.parametrize("name", CASES)
def test_it_multiplies_as_its_definition_says(name: str) -> None:
    node, shapes = CASES[name]
    values = [drawn(len(shapes), *shape)[n] for n, shape in enumerate(shapes)]
    result = node.computed(*values)
    assert (result == expected(name, values)).all()
    assert np.abs(result).max() > 5
    tensors = [torch.from_numpy(each)[None].double() for each in values]
    shape = node.output_shape(shapes)
    assert (node.spelled(TorchWords(2), tensors, shape)[0].numpy() == result).all()


def test_attention_is_the_layers_forward() -> None:
    values = drawn(3, 4, 3, 2, low=0, high=2)
    attend = layer.SpikeAttention(heads=2, scale=1.0)
    tensors = [torch.from_numpy(each).double() for each in values]
    result = p.Attention("x", (A, B, C), heads=2).computed(*values)
    assert (attend(*tensors).numpy() == result).all()


UNLIKE: dict[str, tuple[Arithmetic, tuple[Shape, ...], str]] = {
    "shapes": (p.Multiply("x", (A, B)), ((2, 3), (2, 4)), r"x: multiplies values of unlike shapes"),
    "axes": (p.Multiply("x", (A, B)), ((2, 3), (3,)), "of unlike shapes"),
    "queries": (p.Attention("x", (A, B, C)), ((2, 3), (2, 3), (2, 4)), "have unlike shapes"),
    "heads": (p.Attention("x", (A, B, C), heads=3), ((4, 3),) * 3, "3 heads do not divide 4"),
    "no tokens": (p.Attention("x", (A, B, C)), ((4,),) * 3, r"takes channels and tokens \(C"),
    "two of three": (p.Attention("x", (A, B)), ((4, 3),) * 2, "multiplies 2 values, not 3"),
    "later": (p.Multiply("x", (A, B)), ((4, 3),), "multiplies a value that comes later"),
}


@pytest.mark.parametrize("name", UNLIKE)
def test_what_is_unlike_is_refused_by_name(name: str) -> None:
    node, shapes, words = UNLIKE[name]
    with pytest.raises(ValidationError, match=words):
        node.output_shape(shapes)


def test_every_kind_is_in_graphs_and_programs_alike() -> None:
    of_graphs = {kind.__name__ for kind in g.Graph.kinds if issubclass(kind, g.Product)}
    assert {kind.__name__ for kind in PRODUCTS} == of_graphs


def program(
    *products: p.Node, signal: p.Signal = p.Signal.SPIKES, shape: Shape = (4, 6)
) -> p.Program:
    nodes = [p.Input("a", shape, signal), *products]
    rows = p.Reshape("rows", Edge(products[-1].name), (4, 1, 6))
    weights = p.Conv2d("weights", Edge("rows"), np.full((4, 1, 1, 1), 3), groups=4)
    return p.Program((*nodes, rows, weights, neurons("n", "weights", threshold=2)), "n")


def test_ranges_are_proved() -> None:
    attended = p.Attention("x", (A, A, A), heads=2)
    proved = ranges(program(attended)).values["x"]
    # Six tokens, and two channels a head.
    assert proved == Interval(0, 12)
    ones = np.ones((1, 1, 4, 6), dtype=np.int64)
    assert attended.computed(*[ones[0]] * 3).max() == 12
    unless = p.Multiply("x", (A, A), complement=True)
    assert ranges(program(unless)).values["x"] == Interval(0, 1)
    assert ranges(program(unless), Interval(0, 3)).values["x"] == Interval(-6, 3)


def test_sums_that_no_float_carries_are_refused() -> None:
    currents = program(p.Attention("x", (A, A, A)), signal=p.Signal.CURRENT)
    with pytest.raises(ValidationError, match=r"x: may reach .*, beyond 53 bits"):
        ranges(currents)


def test_a_program_with_products_is_its_text_and_its_document() -> None:
    both = p.Multiply("both", (A, A), complement=True)
    attended = p.Attention("x", (Edge("a", 1), Edge("both"), A), heads=2)
    whole = program(both, attended)
    assert p.loads(p.dumps(whole)) == whole
    assert "both [4x6] = multiply(a, a) complement True" in whole.text()
    assert "x [4x6] = attention(a@-1, both, a) heads 2" in whole.text()


def test_a_late_product_reads_what_was() -> None:
    """A spike meets itself a step later only where it was repeated."""
    late = p.Multiply("x", (A, Edge("a", 1)))
    samples = np.random.default_rng(0).integers(0, 2, (9, 2, 4, 6))
    golden, fast = (run(program(late), samples) for run in (run_golden, run_fast))
    before = np.concatenate([np.zeros_like(samples[:1]), samples[:-1]])
    met = (samples * before > 0)[:, :, :, None]
    # Each meeting drives the neuron in the same step.
    assert ((golden["n"].u > 0) >= met).all()
    assert met.sum() > 20
    assert (golden["n"].u == fast["n"].u).all()
