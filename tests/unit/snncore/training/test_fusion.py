"""Fused norms: the same results and gradients, and nothing between norm and neurons is kept."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from snncore import functional, layer, models, neuron, training
from snncore.layer.norm.statistics import affine

EAGER = partial(neuron.LIF, threshold=0.4, detach_reset=True)


def chain(backend: str, fires: Callable[..., nn.Module]) -> nn.Sequential:
    torch.manual_seed(0)
    network = nn.Sequential(
        layer.Conv2d(2, 4, 3, padding=1),
        layer.BatchNorm2d(4),
        fires(backend=backend),
        layer.Flatten(),
        layer.Linear(4 * 36, 6),
        layer.BatchNorm1d(6),
        fires(backend=backend),
    )
    for norm in (network[1], network[5]):
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -0.2, 0.5)
    return network


NEURONS = {
    "LIF": partial(neuron.LIF, threshold=0.4),
    "parametric": partial(neuron.ParametricLIF, threshold=0.4),
    "current based": partial(neuron.CubaLIF, 0.4),
    "adaptive": partial(neuron.AdaptiveLIF, threshold=0.4),
}


def trained(network: nn.Module, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    functional.reset(network)
    network.zero_grad()
    weigh = torch.linspace(-1, 1, x.shape[1]).reshape(1, -1, 1)
    outputs = network(x)
    (outputs * weigh).square().sum().backward()
    return outputs.detach(), [p.grad.clone() for p in network.parameters()]


@pytest.mark.parametrize("backend", ["torch", "cpp"])
@pytest.mark.parametrize("name", NEURONS)
def test_results_and_gradients_are_the_same(name: str, backend: str) -> None:
    x = torch.rand(5, 6, 2, 6, 6, generator=torch.Generator().manual_seed(0)) * 2
    plain, fused = chain(backend, NEURONS[name]), chain(backend, NEURONS[name])
    names = list(fused.state_dict())
    parameters = [id(p) for p in fused.parameters()]
    assert training.fuse_norms(fused) == 2
    assert list(fused.state_dict()) == names
    assert [id(p) for p in fused.parameters()] == parameters
    expected, gradients = trained(plain, x)
    spikes, fused_gradients = trained(fused, x)
    assert 0.05 < expected.mean() < 0.95
    # A membrane that rounds to the other side of the threshold is one spike in thousands.
    assert (spikes != expected).float().mean() < 2e-3
    for mine, theirs in zip(fused_gradients, gradients, strict=True):
        assert torch.allclose(mine, theirs, atol=2e-3 * float(theirs.abs().max()) + 1e-5)
    for key, value in plain.state_dict().items():
        assert torch.allclose(fused.state_dict()[key].double(), value.double(), atol=1e-5), key
    for network in (plain, fused):
        network.eval()
        functional.reset(network)
    assert (fused(x) != plain(x)).float().mean() < 2e-3


def test_gradients_of_scale_and_shift_are_those_of_autograd() -> None:
    def formula(x: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        variance, mean = torch.var_mean(x, (0, 2, 3), correction=0)
        scale = weight / torch.sqrt(variance + 1e-3)
        return scale, bias - mean * scale

    options = {"dtype": torch.float64, "requires_grad": True}
    x = torch.randn(4, 3, 5, 2, **options)
    weight, bias = torch.rand(3, **options), torch.randn(3, **options)
    computed, expected = affine(x, weight, bias, 1e-3)[:2], formula(x, weight, bias)
    for mine, theirs in zip(computed, expected, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-12)
    assert torch.autograd.gradcheck(
        lambda *arguments: affine(*arguments, 1e-3)[:2], (x, weight, bias)
    )


def kept(network: nn.Module, x: Tensor) -> int:
    """Count the bytes that autograd keeps, each memory once."""
    sizes: dict[int, int] = {}

    def pack(value: Tensor) -> Tensor:
        sizes[value.untyped_storage().data_ptr()] = value.untyped_storage().nbytes()
        return value

    functional.reset(network)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value):
        result = network(x)
    del result
    return sum(sizes.values())


def test_less_is_kept_for_the_backward_pass() -> None:
    x = torch.rand(4, 4, 1, 16, 16)
    make = partial(models.sew_resnet18, 4, width=8, channels=1, small_images=True, neuron=EAGER)
    plain, fused = make(), make()
    assert training.fuse_norms(fused) == 20
    assert kept(fused, x) < 0.75 * kept(plain, x)


def test_unfused_networks_are_as_before() -> None:
    x = torch.rand(5, 6, 2, 6, 6)
    network = chain("auto", NEURONS["parametric"])
    expected = network(x)
    kinds = [type(module) for module in network]
    training.fuse_norms(network)
    training.unfuse_norms(network)
    functional.reset(network)
    assert [type(module) for module in network] == kinds
    assert torch.equal(network(x), expected)


def test_a_norm_with_two_readers_stays() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.fires = layer.BatchNorm2d(2), neuron.IF()

        def forward(self, x: Tensor) -> Tensor:
            x = self.norm(x)
            return self.fires(x) + x

    assert training.fuse_norms(Two()) == 0


def test_a_forward_that_branches_is_named() -> None:
    class Branching(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x if x.sum() > 0 else -x

    with pytest.raises(ValueError, match="Branching: its forward cannot be traced"):
        training.fuse_norms(Branching())
