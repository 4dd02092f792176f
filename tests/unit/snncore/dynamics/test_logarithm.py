"""The logarithm that all backends compute, against float64's."""

import torch

from snncore.dynamics import log
from snncore.dynamics.logarithm import logarithm


def positive(count: int) -> torch.Tensor:
    """Return floats of every size above zero, subnormal ones too, and many around one."""
    generator = torch.Generator().manual_seed(2)
    bits = torch.randint(1, 0x7F800000, (count,), generator=generator).to(torch.int32)
    around = 1.0 + 0.4 * (torch.rand(count, generator=generator) - 0.5)
    return torch.cat([bits.view(torch.float32), around, torch.tensor([2.0**-149, 2.0**-126, 1.0])])


def test_it_is_within_two_units_in_the_last_place() -> None:
    x = positive(200_000)
    exact = x.double().log()
    unit = torch.nextafter(exact.float().abs(), torch.tensor(torch.inf)) - exact.float().abs()
    assert float(((logarithm(x).double() - exact).abs() / unit).max()) < 2.0


def test_where_there_is_no_logarithm_it_is_torchs() -> None:
    x = torch.tensor([0.0, -0.0, -1.0, torch.inf, -torch.inf, torch.nan, -1e-45])
    torch.testing.assert_close(logarithm(x), x.log(), rtol=0, atol=0, equal_nan=True)


def test_its_gradient_is_the_reciprocal() -> None:
    x = positive(1000)[-500:].requires_grad_()
    (gradient,) = torch.autograd.grad(log(x).sum(), x)
    torch.testing.assert_close(gradient, 1 / x.detach(), rtol=1e-6, atol=0)


def test_float64_and_other_types_are_torchs() -> None:
    x = torch.tensor([0.5, 3.0], dtype=torch.float64)
    assert torch.equal(log(x), x.log())
