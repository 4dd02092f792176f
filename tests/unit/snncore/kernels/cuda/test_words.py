"""The words of CUDA C that are more than an operator, value for value on the CPU."""

import pytest
import torch

from snncore.dynamics.exponential import exponential
from snncore.dynamics.logarithm import logarithm
from snncore.kernels import inline
from snncore.kernels.cuda.statements import divided_by, number_text
from snncore.kernels.cuda.words import FUNCTIONS
from snncore.kernels.loop.reciprocal import reciprocal

EDGES = [0.0, -0.0, float("inf"), -float("inf"), float("nan"), 1e-45, -1e-45, 1e-38, 3.4e38, 1.0]


def values(count: int) -> torch.Tensor:
    """Return floats of every size, and those at the edges."""
    generator = torch.Generator().manual_seed(3)
    bits = torch.randint(-(2**31), 2**31, (count,), generator=generator).to(torch.int32)
    normal = torch.randn(count, generator=generator)
    return torch.cat([torch.tensor(EDGES), bits.view(torch.float32), normal])


def applied(call: str, x: torch.Tensor) -> torch.Tensor:
    """Apply the word to every value."""
    body = f"const int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) y[i] = {call};"
    source = (
        f"{FUNCTIONS}\n// @kernel\n__global__ void f(const float *x, float *y, int n) {{ {body} }}"
    )
    y = torch.empty_like(x)
    inline.load(source, architecture="cpu").f(x, y, x.numel())
    return y


def same_bits(left: torch.Tensor, right: torch.Tensor) -> bool:
    """Return whether two have the same bits, and NaN at the same positions."""
    both = left.isnan() & right.isnan()
    return bool((both | (left.view(torch.int32) == right.view(torch.int32))).all())


@pytest.mark.parametrize("divisor", [3.0, 1.1, 20.0, 7e6, 16777215.0])
def test_a_quotient_by_a_number_is_that_of_ieee(divisor: float) -> None:
    x = values(200_000)
    call = f"divided(x[i], {divided_by(reciprocal(divisor))})"
    assert same_bits(applied(call, x), x / torch.tensor(divisor))


def test_the_exponential_is_that_of_every_backend() -> None:
    x = values(100_000)
    assert same_bits(applied("exponential(x[i])", x), exponential(x))


def test_the_logarithm_is_that_of_every_backend() -> None:
    x = values(100_000)
    assert same_bits(applied("logarithm(x[i])", x), logarithm(x))


def test_numbers_are_floats() -> None:
    assert number_text(0.1) == "float(0.1)"
    assert number_text(float("-inf")) == "__int_as_float(0xff800000)"
