"""The drawn part of a trace: always the difference, and never more than the budget."""

import numpy as np
import pytest

from neurodeploy.report.html.excerpt import BUDGET, _cost, even_rows, select
from neurodeploy.report.html.pictures.view import view
from neurodeploy.report.links import Divergence
from neurodeploy.trace import LayerTrace, Trace


def noise(steps: int, samples: int, neurons: int, layers: int = 1) -> Trace:
    random = np.random.default_rng(3)
    spikes = (random.random((steps, samples, neurons)) < 0.3).astype(np.int8)
    return Trace({f"l{i}": LayerTrace({"s": spikes, "v": spikes * 3}) for i in range(layers)}, "l0")


@pytest.mark.parametrize("step", [0, 255, 256, 400, 998, 999])
@pytest.mark.parametrize("sample", [0, 3, 7])
def test_the_difference_is_always_drawn(step: int, sample: int) -> None:
    trace = noise(1000, 8, 200)
    divergence = Divergence("l0", "s", (77,), step, sample, 0, 1)
    excerpt = select(trace, divergence)
    assert excerpt is not None
    assert step in excerpt.steps
    assert sample in excerpt.samples
    seen = view("l0", trace["l0"], excerpt, sample, divergence)
    assert seen.difference == (step, 77)
    assert 77 in seen.rows()
    assert seen.rows() == sorted(set(seen.rows()))
    assert seen.active()[0] == 77


@pytest.mark.parametrize(("steps", "layers"), [(16, 1), (300, 10), (1000, 40)])
def test_the_budget_holds(steps: int, layers: int) -> None:
    trace = noise(steps, 5, 100, layers)
    excerpt = select(trace, None)
    assert excerpt is not None
    assert _cost(trace, excerpt) <= BUDGET


def test_even_rows() -> None:
    assert even_rows(5, 64) == [0, 1, 2, 3, 4]
    rows = even_rows(1000, 64)
    assert len(set(rows)) == 64
    assert set(np.diff(rows)) == {15, 16}


def test_nothing_to_draw() -> None:
    empty = LayerTrace({"s": np.zeros((0, 1, 4), dtype=np.int64)})
    assert select(Trace({"a": empty}, "a"), None) is None
    assert select(Trace({}, "a"), None) is None


def test_the_most_active_neurons_come_first() -> None:
    spikes = np.zeros((8, 1, 5), dtype=np.int64)
    spikes[:3, 0, 4], spikes[:5, 0, 1] = 1, 1
    states = np.zeros_like(spikes)
    states[0, 0, 2] = 9
    trace = Trace({"a": LayerTrace({"s": spikes, "v": states})}, "a")
    excerpt = select(trace, None)
    assert excerpt is not None
    assert view("a", trace["a"], excerpt, 0, None).active() == [1, 4, 2]
