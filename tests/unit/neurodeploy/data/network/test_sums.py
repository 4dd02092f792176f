"""Sums of values and of windows: what their definition says, in every language and with ranges."""

import numpy as np
import pytest
import torch

from neurodeploy import program as p
from neurodeploy.data.network.arithmetic import Arithmetic
from neurodeploy.data.structure import Edge, Pair, Shape
from neurodeploy.errors import ValidationError
from neurodeploy.program.ranges import ranges
from neurodeploy.simulator import run_golden
from neurodeploy.simulator.fast import run_fast
from neurodeploy.simulator.moving import TorchWords
from snncore.dynamics.arithmetic.interval import Interval
from tests.unit.programs import neurons

A, B, C = Edge("a"), Edge("b"), Edge("c")
IMAGE = (2, 5, 7)


def drawn(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.integers(-2, 4, (3, *IMAGE)) for _ in range(count)]


def test_a_sum_is_that_of_its_terms_in_numpy_and_in_torch() -> None:
    node, values = p.Add("x", (A, B, C)), drawn(3)
    expected = values[0] + values[1] + values[2]
    assert (node.computed(*values) == expected).all()
    assert in_torch(node, values, IMAGE).tolist() == expected.tolist()


@pytest.mark.parametrize("stride", [(1, 1), (2, 3), (4, 1)])
@pytest.mark.parametrize("kernel", [(1, 1), (2, 2), (3, 2), (5, 7)])
def test_a_pool_is_the_sum_of_every_window(kernel: Pair, stride: Pair) -> None:
    node, (x,) = p.SumPool2d("x", (A,), kernel, stride), drawn(1)
    shape = node.output_shape([IMAGE])
    expected = np.zeros((3, *shape), dtype=np.int64)
    for row, column in np.ndindex(*shape[1:]):
        top, left = row * stride[0], column * stride[1]
        window = x[:, :, top : top + kernel[0], left : left + kernel[1]]
        expected[:, :, row, column] = window.sum(axis=(2, 3))
    assert (node.computed(x) == expected).all()
    assert in_torch(node, [x], shape).tolist() == expected.tolist()


def in_torch(node: Arithmetic, values: list[np.ndarray], shape: Shape) -> np.ndarray:
    tensors = [torch.from_numpy(each)[None].double() for each in values]
    result: np.ndarray = node.spelled(TorchWords(2), tensors, shape)[0].numpy()
    return result


UNLIKE: dict[str, tuple[Arithmetic, tuple[Shape, ...], str]] = {
    "shapes": (p.Add("x", (A, B)), ((2, 3), (3, 2)), r"x: adds values of unlike shapes \[\(2, 3\)"),
    "nothing": (p.Add("x", ()), (), "x: adds nothing"),
    "later": (p.Add("x", (A, B)), ((4, 3),), "adds a value that comes later"),
    "two": (p.SumPool2d("x", (A, B), (2, 2), (2, 2)), (IMAGE,) * 2, "windows of 2 values, not 1"),
    "vector": (p.SumPool2d("x", (A,), (2, 2), (2, 2)), ((9,),), "x: "),
    "window": (p.SumPool2d("x", (A,), (6, 2), (2, 2)), (IMAGE,), "x: "),
}


@pytest.mark.parametrize("name", UNLIKE)
def test_what_has_no_sum_is_refused_by_name(name: str) -> None:
    node, shapes, words = UNLIKE[name]
    with pytest.raises(ValidationError, match=words):
        node.output_shape(shapes)


def program(*sums: p.Node, signal: p.Signal = p.Signal.SPIKES) -> p.Program:
    nodes = [p.Input("a", (2, 4, 4), signal), *sums]
    weights = p.Conv2d("weights", Edge(sums[-1].name), np.full((2, 1, 1, 1), 3), groups=2)
    spiking = neurons("n", "weights", threshold=8, current_decay=4096)
    return p.Program((*nodes, weights, spiking), "n")


TWICE = p.Add("twice", (A, A))
THRICE = p.Add("thrice", (Edge("twice"), Edge("a", 1)))
POOL = p.SumPool2d("pool", (Edge("thrice"),), (2, 2), (1, 2))


def test_ranges_are_proved_and_reached() -> None:
    proved = ranges(program(TWICE, THRICE, POOL))
    assert proved.values["thrice"] == Interval(0, 3)
    assert proved.values["pool"] == Interval(0, 12)
    ones = np.ones((2, 1, 2, 4, 4), dtype=np.int64)
    assert POOL.computed(THRICE.computed(2 * ones[0], ones[0])).max() == 12
    signed = p.Add("x", (A, A))
    assert signed.total([Interval(-5, -3), Interval(3, 5)], IMAGE) == Interval(-2, 2)
    assert signed.largest_sum([Interval(-5, -3), Interval(3, 5)], IMAGE) == 10


def test_sums_that_no_float_carries_are_refused() -> None:
    sums = [p.Add("x0", (A, A))]
    sums += [p.Add(f"x{n}", (Edge(f"x{n - 1}"),) * 2) for n in range(1, 31)]
    with pytest.raises(ValidationError, match=r"x\d+: may reach .*, beyond 53 bits"):
        ranges(program(*sums, signal=p.Signal.CURRENT))


def test_a_program_with_sums_is_its_text_and_its_document() -> None:
    whole = program(TWICE, THRICE, POOL)
    assert p.loads(p.dumps(whole)) == whole
    assert "thrice [2x4x4] = add(twice, a@-1)" in whole.text()
    assert "pool [2x3x2] = sumpool2d(thrice) kernel (2, 2) stride (1, 2)" in whole.text()


def test_neurons_that_read_counts_fire_alike_in_both_engines() -> None:
    samples = np.random.default_rng(0).integers(0, 2, (9, 3, 2, 4, 4))
    golden, fast = (run(program(TWICE, THRICE, POOL), samples) for run in (run_golden, run_fast))
    assert (golden["n"].u == fast["n"].u).all()
    assert 20 < golden["n"].s.sum() < golden["n"].s.size
    # Each spike counts twice at once, and once more a step later.
    late = np.concatenate([np.zeros_like(samples[:1]), samples[:-1]])
    counts = 2 * samples + late
    rows = counts[..., :-1, :] + counts[..., 1:, :]
    assert (golden["n"].u == 64 * 3 * (rows[..., ::2] + rows[..., 1::2])).all()
