"""The report a layer: its counts by hand, and its times in the right layers."""

import time
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from snncore import functional, layer, monitor, neuron


class Slow(layer.Flatten):
    """A layer that sleeps, forward and backward."""

    def forward(self, x: Tensor) -> Tensor:
        time.sleep(0.02)
        out = super().forward(x)
        if out.requires_grad:
            out.register_hook(lambda gradient: time.sleep(0.03))
        return out


LIF = partial(neuron.LIF, threshold=0.5, backend="torch")


def network(flatten: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        layer.Conv2d(1, 4, 3, padding=1, bias=False),
        layer.BatchNorm2d(4),
        LIF(),
        flatten,
        layer.Linear(4 * 16, 5),
    )


@pytest.mark.parametrize("step_mode", ["m", "s"])
def test_counts_are_those_of_the_layers(step_mode: str) -> None:
    net, x = network(layer.Flatten()), torch.ones(6, 3, 1, 4, 4)
    body: nn.Module = net
    if step_mode == "s":
        functional.set_step_mode(net, "s")
        body = layer.Steps(net)
    report = monitor.layer_report(body, x, repeats=1)
    names = {name.split(".")[-1]: use for name, use in report.layers.items() if name}
    conv, norm, fires, dense = (names[name] for name in ("0", "1", "2", "4"))
    assert (conv.kind, norm.kind, fires.kind, dense.kind) == (
        "Conv2d",
        "BatchNorm2d",
        "LIF",
        "Linear",
    )
    # A pixel of an image of 4 x 4 meets 9, 6 or 4 weights of a kernel: 100 in all, of 4 outputs.
    assert conv.forward_operations == 6 * 100 * 4
    # Weights learn, and nothing before the first layer.
    assert conv.backward_operations == conv.forward_operations
    net.train()
    functional.reset(body)
    with torch.no_grad(), monitor.outputs(net, neuron.Neuron) as spikes:
        body(x)
    fired = sum(float(value.sum()) for value in spikes["2"]) / 3
    assert fires.spikes == pytest.approx(fired, rel=0.5)
    assert fires.spikes > 0
    assert fires.output_bytes == 6 * 3 * 64 * 4
    assert conv.parameter_bytes == 36 * 4
    assert dense.backward_operations == dense.forward_operations + 6 * 64 * 5
    assert conv.kept_bytes > 0
    assert all(use.backward_seconds is not None for use in (conv, norm, fires, dense))
    assert report.peak_bytes is None
    assert "2 LIF" in report.text() or "module.2" in report.text()


def test_times_belong_to_the_layer_that_took_them() -> None:
    report = monitor.layer_report(network(Slow()), torch.rand(6, 3, 1, 4, 4), repeats=1)
    slow = report.layers["3"]
    others = [use for name, use in report.layers.items() if name != "3"]
    # A sleep is never shorter; how long others take is not asserted.
    assert slow.forward_seconds >= 0.02
    assert (slow.backward_seconds or 0) + (report.layers["4"].backward_seconds or 0) >= 0.03
    assert min(use.forward_seconds for use in others) > 0


def test_the_network_is_left_as_it_was() -> None:
    net, x = network(layer.Flatten()).eval(), torch.rand(6, 3, 1, 4, 4)
    net(x).sum().backward()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    gradients = [parameter.grad.clone() for parameter in net.parameters()]
    monitor.layer_report(net, x, lambda outputs: outputs.sum())
    assert not net.training
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    for parameter, gradient in zip(net.parameters(), gradients, strict=True):
        assert torch.equal(parameter.grad, gradient)
    assert not any(each._forward_hooks or each._forward_pre_hooks for each in net.modules())
    assert functional.states(net) == {}


def test_no_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="0 repeats"):
        monitor.layer_report(network(layer.Flatten()), torch.rand(6, 3, 1, 4, 4), repeats=0)
    with pytest.raises(ValueError, match=r"takes \(T, N"):
        monitor.layer_report(network(layer.Flatten()), torch.rand(6, 0, 1, 4, 4))
