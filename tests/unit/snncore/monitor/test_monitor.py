"""Watches and profiles: what they see is what torch saw, and nothing is left of them."""

import gc
import weakref

import pytest
import torch
from torch import Tensor, nn

from snncore import functional, layer, loss, monitor, neuron


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        layer.Conv2d(2, 4, 3, padding=1, stride=2, groups=2),
        neuron.LIF(threshold=0.2),
        layer.Flatten(),
        layer.Linear(36, 5),
        neuron.LIF(threshold=0.2),
    )


def samples() -> Tensor:
    return (torch.rand(4, 3, 2, 6, 6, generator=torch.Generator().manual_seed(0)) < 0.4).float()


def test_inputs_and_outputs_by_kind_and_by_name() -> None:
    net, x = network(), samples()
    with monitor.inputs(net) as inputs, monitor.outputs(net, names=["1", "3"]) as outputs:
        result = net(x)
    assert list(inputs) == ["1", "4"]
    assert list(outputs) == ["1", "3"]
    functional.reset(net)
    assert torch.equal(inputs["1"][0], net[0](x))
    assert torch.equal(inputs["4"][0], outputs["3"][0])
    assert torch.equal(net[4](outputs["3"][0]), result)
    assert not outputs["1"][0].requires_grad
    net(x)
    assert len(outputs["1"]) == 1


def test_gradients_are_torchs() -> None:
    net, x = network(), samples()
    with monitor.input_gradients(net) as before, monitor.output_gradients(net) as behind:
        net(x).square().sum().backward()
    functional.reset(net)
    current = net[3](net[2](net[1](net[0](x))))
    current.retain_grad()
    spikes = net[4](current)
    spikes.retain_grad()
    spikes.square().sum().backward()
    assert torch.equal(before["4"][0], current.grad)
    assert torch.equal(behind["4"][0], spikes.grad)
    assert before["1"][0].abs().sum() > 0


def test_an_attribute_or_a_state_with_a_transform() -> None:
    net, x = network(), samples()
    with (
        monitor.attribute(net, "v", transform=lambda v: v.amax().item()) as highest,
        monitor.attribute(net, "weight", layer.Linear) as weights,
    ):
        net(x)
        functional.reset(net)
        net(x)
    assert len(highest["1"]) == 2
    assert highest["4"][0] == net[4].states["v"].amax().item()
    assert torch.equal(weights["3"][0], net[3].weight)
    assert highest.latest().keys() == {"1", "4"}
    highest.clear()
    assert highest["1"] == []


def test_a_penalty_flows_back_through_a_watch() -> None:
    net, x = network(), samples()
    with monitor.outputs(net, detach=False) as spikes:
        net(x)
        loss.firing_rate((values[0] for values in spikes.values()), high=0.0).backward()
    assert net[0].weight.grad.abs().sum() > 0


def test_a_closed_watch_leaves_nothing() -> None:
    net, x = network(), samples()
    before = {name: dict(vars(module)) for name, module in net.named_modules()}
    watch = monitor.output_gradients(net)
    reference = weakref.ref(watch)
    result = net(x)
    watch.close()
    # The graph is still there, the watch does not look any more.
    result.sum().backward()
    assert watch["4"] == []
    assert not any(module._forward_hooks for module in net.modules())
    assert {n: vars(m).keys() for n, m in net.named_modules()} == {
        n: values.keys() for n, values in before.items()
    }
    del watch, result
    functional.reset(net)
    gc.collect()
    assert reference() is None


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="unknown layer 'x'; there are 0, 1"):
        monitor.inputs(network(), names=["x"])


def brute_force(net: nn.Sequential, x: Tensor) -> float:
    """Count, one by one, the weights that each spike is multiplied with."""
    conv, operations = net[0], 0
    padded = nn.functional.pad(x, (1, 1, 1, 1))
    rows, columns = 3, 3
    for row in range(rows):
        for column in range(columns):
            window = padded[..., 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
            operations += int(window.sum()) * conv.out_channels // conv.groups
    return operations / x.shape[1]


def test_a_profile_counts_operations_and_energy() -> None:
    net, x = network(), samples()
    profile = monitor.profile(net, x)
    with monitor.outputs(net) as spikes:
        net(x)
    assert profile.rates == {name: values[0].mean().item() for name, values in spikes.items()}
    assert 0 < profile.rates["1"] < 1
    assert profile.costs["0"].synaptic == pytest.approx(brute_force(net, x))
    assert profile.costs["0"].dense == pytest.approx(brute_force(net, torch.ones_like(x)))
    assert profile.costs["3"].dense == 4 * 36 * 5
    assert profile.costs["3"].synaptic == pytest.approx(spikes["1"][0].sum().item() / 3 * 5)
    expected = profile.synaptic_operations * 0.9e-12
    assert profile.energy() == pytest.approx(expected)
    assert "of" in profile.text()
    functional.reset(net)
    # Values that are no spikes are multiplied.
    graded = monitor.profile(net, x * 0.5)
    assert not graded.costs["0"].spikes
    assert graded.costs["0"].energy() == pytest.approx(profile.costs["0"].dense * 4.6e-12)
    with pytest.raises(ValueError, match=r"takes \(T, N, ...\)"):
        monitor.profile(net, x[:, :0])


def test_a_transposed_convolution_and_attention_are_counted() -> None:
    torch.manual_seed(0)
    grows = layer.ConvTranspose2d(4, 6, 2, stride=2, groups=2, bias=False)
    x = (torch.rand(3, 2, 4, 3, 3) < 0.4).float()
    cost = monitor.profile(nn.Sequential(grows, neuron.LIF()), x).costs["0"]
    # Each spike meets its group's three outputs, at four places.
    assert cost.synaptic == pytest.approx(float(x.sum()) / 2 * 3 * 4)
    assert cost.dense == pytest.approx(x.numel() / 2 * 3 * 4)

    class Attends(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attend = layer.SpikeAttention(2)

        def forward(self, x: Tensor) -> Tensor:
            return self.attend(x, x.flip(-1), x.flip(-2))

    cost = monitor.profile(Attends(), x).costs["attend"]
    expected = 0.0
    for q, k, v in zip(*(part.flatten(0, 1) for part in (x, x.flip(-1), x.flip(-2))), strict=True):
        for head in (slice(0, 2), slice(2, 4)):
            queries, keys, values = (part[head].flatten(1) for part in (q, k, v))
            # Channel of a key, channel of a value, pixel: one by one.
            met = (keys[:, None] * values[None]).sum(-1)
            expected += float(met.sum() + (queries[:, None, :] * (met != 0)[..., None]).sum())
    assert expected > 0
    assert cost.synaptic == pytest.approx(expected / 2)
    assert cost.dense == pytest.approx(3 * 2 * 9 * 2 * 2 * 2)
    assert cost.spikes
