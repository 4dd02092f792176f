"""The compiled first spikes against those of torch: the same times, the same gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from snncore.timing import FirstSpike, Leaky, compiled


def results(layer: FirstSpike, times: Tensor) -> list[Tensor]:
    """Return the times of the first spikes, and the gradients of the inputs and the weights."""
    times = times.clone().requires_grad_()
    first = layer(times)
    signs = torch.linspace(-1, 1.5, first.numel()).to(first).reshape(first.shape)
    loss = torch.where(first.isfinite(), first * signs, 0).sum()
    return [first.detach(), *torch.autograd.grad(loss, (times, layer.weight))]


@pytest.mark.parametrize(
    ("kind", "tolerance"), [(torch.float64, 1e-11), (torch.float32, 2e-3)], ids=["double", "single"]
)
def test_times_and_gradients_are_those_of_torch(
    kind: torch.dtype, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    layer = FirstSpike(130, 20, tau_mem=2.0).to(kind)
    times = 2 * torch.rand(40, 130, dtype=kind)
    # Silent inputs, inputs at the same time, a silent sample, and a late one.
    times[times < 0.2] = torch.inf
    times[:8] = (times[:8] * 4).round() / 4
    times[9] = torch.inf
    times[10] += 1000.0
    assert compiled.takes(times, layer.kernel)
    own = results(layer, times)
    monkeypatch.setattr(compiled, "takes", lambda times, kernel: False)
    torchs = results(layer, times)
    fired = own[0].isfinite()
    assert torch.equal(fired, torchs[0].isfinite())
    assert 0.3 < float(fired.double().mean()) < 0.97
    for mine, other in zip(own, torchs, strict=True):
        size = float(torch.where(other.isfinite(), other, 0).abs().max())
        torch.testing.assert_close(mine, other, rtol=tolerance, atol=tolerance * min(size, 10.0))
    assert float(own[1].abs().max()) > 0
    assert not torch.equal(results(layer, times * 0.9)[0], own[0])


def test_other_time_constants_and_devices_are_torchs() -> None:
    times = torch.zeros(1, 2)
    assert not compiled.takes(times, Leaky(1.0, 1.0))
    assert not compiled.takes(times.to("meta"), Leaky(2.0, 1.0))
