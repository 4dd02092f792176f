"""Chips' neurons in CUDA C, run on the CPU thread by thread: the eager loop's bits."""

from collections.abc import Iterator

import pytest
import torch

import quant
from quant.neuron import kernels
from snncore.kernels import Work
from snncore.kernels.cuda.backend import CudaBackend
from tests.unit.quant.neuron.loops import check, drive


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the backend run here whatever float32 holds."""

    def refusal(self: CudaBackend, work: Work) -> str | None:
        return None if work.narrows else f"its integers reach {work.reach}"

    kernels._refused.cache_clear()
    monkeypatch.setattr(CudaBackend, "refusal", refusal)
    yield
    kernels._refused.cache_clear()


@pytest.mark.parametrize(
    "name", ["learned", *(pytest.param(n, marks=pytest.mark.thorough) for n in ("hard", "soft"))]
)
def test_kernels_are_the_eager_loop(name: str) -> None:
    check(name, "cupy")


def test_integers_that_need_more_than_float32_are_refused() -> None:
    neurons = quant.CubaLIF(0.7, current_decay=0.3, backend="cupy")
    with pytest.raises(ValueError, match="CubaLIF: cupy: its integers reach"):
        neurons(torch.as_tensor(drive(0.6, neurons.unit)))
