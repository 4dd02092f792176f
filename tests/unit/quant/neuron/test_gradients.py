"""Gradients: those of the float equations wherever nothing clips or rounds, and they train."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import quant
from snncore import functional, surrogate
from snncore.dynamics import firing
from snncore.dynamics.zoo.spiking import cuba_lif_step

STEPS = 6
SLOPES = (surrogate.ATan(1.5), surrogate.Sigmoid(2.0))


def blocks(current: float, voltage: float, slope: surrogate.Surrogate) -> nn.Sequential:
    """Return two layers without rounding: weights and biases are whole numbers of the grid."""
    options = {"current_decay": current, "voltage_decay": voltage, "surrogate": slope}
    network = nn.Sequential(
        quant.Block(quant.Conv2d(1, 3, 2, bias=True), quant.CubaLIF(0.75, **options)),
        quant.Block(quant.SumPool2d(2, weight=0.5), quant.CubaLIF(0.25, **options)),
        nn.Flatten(2),
        quant.Block(quant.Linear(3, 4, bias=True), quant.CubaLIF(0.5, **options)),
    )
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            low, high = (-8, 8) if parameter.ndim == 1 else (-18, 32)
            whole = torch.randint(low, high, parameter.shape, generator=generator)
            parameter.copy_(whole * 2 / 64)
    return network


def floats(network: nn.Sequential, x: Tensor, leaves: dict[str, Tensor]) -> Tensor:
    """Return the same network in float64 by the equations, with autograd and nothing else."""
    first, pool, _, last = network

    def neurons(block: Any, drive: Tensor, bias: Tensor | float) -> Tensor:
        u = v = torch.zeros_like(drive[0])
        spikes = []
        lif = block.neuron
        with firing(lif.surrogate):
            for step in drive:
                u, v, s = cuba_lif_step(
                    u,
                    v,
                    step,
                    current_decay=lif.integers()["current_decay"] / 4096,
                    voltage_decay=lif.integers()["voltage_decay"] / 4096,
                    threshold=lif.integers()["threshold"] / 64,
                    bias=bias,
                )
                spikes.append(s)
        return torch.stack(spikes)

    drive = F.conv2d(x.flatten(0, 1), leaves["0.synapse.weight"]).unflatten(0, x.shape[:2])
    spikes = neurons(first, drive, leaves["0.synapse.bias"].reshape(-1, 1, 1))
    pooled = F.avg_pool2d(spikes.flatten(0, 1), 2, divisor_override=1).unflatten(0, x.shape[:2])
    spikes = neurons(pool, pooled * 0.5, 0.0).flatten(2)
    drive = F.linear(spikes, leaves["3.synapse.weight"])
    return neurons(last, drive, leaves["3.synapse.bias"])


@pytest.mark.parametrize("slope", SLOPES, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize(("current", "voltage"), [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.5, 0.5)])
def test_gradients_are_those_of_the_float_equations(
    current: float, voltage: float, slope: surrogate.Surrogate
) -> None:
    network = blocks(current, voltage, slope)
    x = (torch.rand(STEPS, 2, 1, 3, 3, generator=torch.Generator().manual_seed(2)) < 0.5).float()
    mine, theirs = x.clone().requires_grad_(), x.double().requires_grad_()
    spikes = network(mine)
    leaves = {k: v.detach().double().requires_grad_() for k, v in network.named_parameters()}
    expected = floats(network, theirs, leaves)
    assert torch.equal(spikes.double(), expected)
    assert 0 < spikes.sum() < spikes.numel()
    weights = torch.randn(spikes.shape, generator=torch.Generator().manual_seed(3))
    (spikes * weights).sum().backward()
    (expected * weights).sum().backward()
    gradients = {name: value.grad for name, value in network.named_parameters()} | {"x": mine.grad}
    wanted = {name: value.grad for name, value in leaves.items()} | {"x": theirs.grad}
    assert gradients.keys() == wanted.keys()
    for name, gradient in gradients.items():
        assert gradient is not None, name
        assert bool(gradient.any()), name
        torch.testing.assert_close(gradient.double(), wanted[name], rtol=1e-5, atol=1e-7, msg=name)


def test_gradients_pass_the_grid_and_stop_where_it_ends() -> None:
    synapse = quant.Linear(5, 1)
    with torch.no_grad():
        synapse.weight.copy_(torch.tensor([[0.011, -3.9, 3.96875, 3.97, -4.01]]))
    synapse(torch.ones(1, 1, 5)).sum().backward()
    assert synapse.weight.grad is not None
    assert synapse.weight.grad.tolist() == [[1, 1, 1, 0, 0]]


def test_a_bias_that_is_zero_still_learns() -> None:
    for network in (
        quant.Block(quant.Linear(2, 2, bias=True), quant.CubaLIF()),
        quant.CubaLIF(bias=2),
    ):
        network(torch.zeros(3, 1, 2)).sum().backward()
        bias = network.bias
        assert bias is not None
        assert bias.grad is not None
        assert bool((bias.grad > 0).all())


def test_gradients_stay_finite_when_everything_wraps_and_saturates() -> None:
    network = quant.Block(quant.Linear(40, 3), quant.CubaLIF(1.0, current_decay=0.0))
    with torch.no_grad():
        network.synapse.weight.fill_(3.9)
    network(torch.ones(300, 1, 40)).sum().backward()
    gradient = network.synapse.weight.grad
    assert gradient is not None
    assert bool(torch.isfinite(gradient).all())
    assert bool((gradient >= 0).all())


def task() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    samples = (torch.rand(8, 64, 20, generator=generator) < 0.4).float()
    counts = samples.sum(0)
    return samples, (counts[:, :10].sum(1) > counts[:, 10:].sum(1)).long()


def test_weights_train() -> None:
    torch.manual_seed(0)
    samples, labels = task()
    network = nn.Sequential(
        quant.Block(quant.Linear(20, 16, bias=True), quant.CubaLIF(voltage_decay=0.2)),
        quant.Linear(16, 2),
        quant.CubaLIF(0.5, current_decay=0.5, voltage_decay=0.2, bias=2),
    )
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    losses = []
    for _ in range(30):
        functional.reset(network)
        loss = F.cross_entropy(network(samples).sum(0), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]
    assert all(p.grad is not None and bool(p.grad.any()) for p in network.parameters())


def test_a_network_that_cannot_fire_yet_learns_to() -> None:
    # Neither these weights nor this input can reach the threshold.
    network = nn.Sequential(
        quant.Block(quant.Linear(2, 2), quant.CubaLIF(30.0)), quant.Linear(2, 1), quant.CubaLIF()
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(0.1)
    spikes = network(torch.ones(3, 1, 2))
    assert spikes.sum() == 0
    spikes.sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert bool((parameter.grad > 0).all()) or name == "1.weight", name


def test_a_detach_ends_the_history_and_keeps_the_states() -> None:
    network = quant.Block(quant.Linear(3, 2), quant.CubaLIF(current_decay=0.1))
    x = torch.ones(4, 1, 3)
    network(x)
    states = network.neuron.states
    assert all(value.requires_grad for value in states.values())
    functional.detach(network)
    for name, value in network.neuron.states.items():
        assert torch.equal(value, states[name])
        assert not value.requires_grad
    # The first graph is let go: twice backward needs no history of it.
    network(x).sum().backward()
