"""Spikes kept as bits: the same gradients, in an eighth of the bytes or less."""

import pytest
import torch
from torch import Tensor, nn

from snncore import functional, layer, models, neuron, training


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("shape", [(1,), (8,), (3, 5, 7), (2, 64, 9, 9)])
def test_bits_are_the_spikes(kind: torch.dtype, shape: tuple[int, ...]) -> None:
    spikes = (torch.rand(shape, generator=torch.Generator().manual_seed(0)) < 0.4).to(kind)
    bits = training.to_bits(spikes)
    assert bits.numel() == -(-spikes.numel() // 8)
    assert bits.dtype == torch.uint8
    again = training.from_bits(bits, spikes.shape, kind)
    assert again.dtype == kind
    assert torch.equal(again, spikes)


def gradients(network: nn.Module, x: Tensor, compressed: bool) -> list[Tensor]:
    functional.reset(network)
    network.zero_grad()
    if compressed:
        with training.compressed_spikes(network):
            outputs = network(x)
    else:
        outputs = network(x)
    outputs.square().sum().backward()
    return [p.grad.clone() for p in network.parameters()]


def test_gradients_are_the_same_to_the_bit() -> None:
    torch.manual_seed(0)
    network = models.sew_resnet18(4, "add", width=4, channels=1, small_images=True)
    network = nn.Sequential(network, neuron.LeakyIntegrator())
    x = torch.rand(3, 2, 1, 8, 8) * 4
    plain, packed = (gradients(network, x, compressed) for compressed in (False, True))
    assert all(torch.equal(a, b) for a, b in zip(plain, packed, strict=True))
    assert all(gradient.abs().sum() > 0 for gradient in packed[:2])
    assert not any(module._forward_hooks for module in network.modules())


def test_spikes_that_are_changed_in_place_are_kept_as_they_are() -> None:
    class Halved(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            """Overwrite spikes with values that are not spikes, in the same memory."""
            self.kept = x
            return x.detach().mul_(0.5)

    torch.manual_seed(0)
    network = nn.Sequential(
        layer.Linear(4, 8), neuron.LIF(threshold=0.2), Halved(), layer.Linear(8, 2)
    )
    x = torch.rand(3, 5, 4) * 4
    plain, packed = (
        gradients(network[1:], network[0](x), compressed) for compressed in (False, True)
    )
    assert all(torch.equal(a, b) for a, b in zip(plain, packed, strict=True))
    assert plain[0].abs().sum() > 0


def test_only_spikes_are_packed() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        layer.Conv2d(2, 8, 3, padding=1),
        neuron.LIF(threshold=0.2),
        layer.Conv2d(8, 8, 3, padding=1),
        neuron.LeakyIntegrator(),
        layer.Flatten(),
        layer.Linear(8 * 36, 3),
    )
    x = torch.rand(4, 2, 2, 6, 6)
    packed: list[int] = []
    inner = training.compression.to_bits
    try:
        training.compression.to_bits = lambda s: packed.append(s.numel()) or inner(s)
        gradients(network, x, True)
    finally:
        training.compression.to_bits = inner
    # What the second convolution keeps; the voltages behind it are no spikes.
    assert packed == [4 * 2 * 8 * 36]
