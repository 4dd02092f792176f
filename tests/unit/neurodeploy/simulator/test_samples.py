"""Samples: every shape, type or value that does not fit is one clear error, in every engine."""

from typing import Any

import numpy as np
import pytest
import torch

from neurodeploy.errors import SamplesError
from neurodeploy.simulator import ENGINES, simulate
from neurodeploy.simulator.samples import checked_samples
from tests.unit.programs import driven, small

SHAPE = (2, 1, 2)
BAD: dict[str, tuple[Any, str]] = {
    "another width": (np.zeros((2, 1, 4)), r"samples are \(2, 1, 4\), not \(T, N, 2\)"),
    "no batch": (np.zeros((2, 2)), r"\(2, 2\), not \(T, N, 2\)"),
    "one axis more": (np.zeros((2, 1, 2, 1)), "not"),
    "no axis": (np.float64(1), "not"),
    "no step": (np.zeros((0, 1, 2)), "empty"),
    "no sample": (np.zeros((2, 0, 2)), "empty"),
    "a two": (np.full(SHAPE, 2), "0 or 1, but these go from 2 to 2"),
    "a minus one": (np.full(SHAPE, -1), "0 or 1, but these go from -1"),
    "a half": (np.full(SHAPE, 0.5), "not whole numbers"),
    "NaN": (np.full(SHAPE, np.nan), "NaN or infinite"),
    "infinity": (np.full(SHAPE, np.inf), "NaN or infinite"),
    "beyond 64 bits": (np.full(SHAPE, 1e300), "0 or 1"),
    "text": (np.full(SHAPE, "x"), "not numbers"),
    "objects": (np.full(SHAPE, None), "not numbers"),
    "complex numbers": (np.full(SHAPE, 1 + 1j), "not numbers"),
    "dates": (np.full(SHAPE, np.datetime64(1, "s")), "not numbers"),
    "a ragged list": ([[[0, 1]], [[0]]], "not an array"),
    "nothing": (None, "not"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("engine", ENGINES)
def test_samples_that_do_not_fit_are_one_clear_error(name: str, engine: str) -> None:
    samples, words = BAD[name]
    with pytest.raises(SamplesError, match=words) as caught:
        simulate(small(), samples, engine=engine)
    assert str(caught.value).startswith("in: ")


@pytest.mark.parametrize("value", [1 << 24, -(1 << 24), 1e300, -1e300, np.uint64(2**63)])
def test_a_current_beyond_24_bits_is_refused(value: Any) -> None:
    with pytest.raises(SamplesError, match="currents have 24 bits"):
        checked_samples(driven((1,)), np.full((1, 1, 1), value))


KINDS = [
    np.zeros(SHAPE, dtype=bool),
    np.ones(SHAPE, dtype=np.uint8),
    np.ones(SHAPE, dtype=np.float16),
    torch.ones(SHAPE),
    torch.ones(SHAPE, dtype=torch.float64, requires_grad=True),
    torch.ones(SHAPE, dtype=torch.bfloat16),
    torch.ones(SHAPE, dtype=torch.bool),
    [[[0, 1]], [[1.0, 0]]],
]


@pytest.mark.parametrize("samples", KINDS, ids=lambda s: str(getattr(s, "dtype", "list")))
def test_whole_numbers_of_every_kind_are_taken(samples: Any) -> None:
    checked = checked_samples(small(), samples)
    assert checked.dtype == np.int64
    assert checked.shape == SHAPE
    plain = samples.detach().float().tolist() if isinstance(samples, torch.Tensor) else samples
    assert np.array_equal(checked, np.asarray(plain))


def test_the_largest_current_is_taken_whole() -> None:
    value = (1 << 24) - 1
    assert checked_samples(driven((1,)), np.full((1, 1, 1), -value)).tolist() == [[[-value]]]
