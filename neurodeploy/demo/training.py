"""A small convolutional network, trained in floats and then on the chip's integers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn

import quant
from neurodeploy.demo.digits import STEPS, Digits
from snncore import functional, layer, neuron

Progress = Callable[[str], None]
_CHANNELS = (16, 32)
_DECAY = 0.1
# The nearest power of two, for chips that leak by a shift.
_SHIFT = 0.125
_BATCH = 64


def float_network() -> nn.Sequential:
    """Return the float network."""
    first, second = _CHANNELS
    network = nn.Sequential(
        OrderedDict(
            conv1=layer.Conv2d(1, first, 3, padding=1, bias=False),
            lif1=neuron.CubaLIF(voltage_decay=_DECAY),
            conv2=layer.Conv2d(first, second, 3, stride=2, padding=1, bias=False),
            lif2=neuron.CubaLIF(voltage_decay=_DECAY),
            flatten=layer.Flatten(),
            dense=layer.Linear(second * 16, 10, bias=False),
            lif3=neuron.CubaLIF(voltage_decay=_DECAY),
        )
    )
    with torch.no_grad():
        # Spikes need currents near the threshold from the start.
        for weight in network.parameters():
            weight.mul_(2.0)
    return network


def quantized_network(trained: nn.Sequential, form: str = "loihi") -> nn.Sequential:
    """Return the same network in blocks on a chip's grid, starting from the trained weights."""
    first, second = _CHANNELS
    synapses: dict[str, quant.Conv2d | quant.Linear] = {
        "conv1": quant.Conv2d(1, first, 3, padding=1, format=form),
        "conv2": quant.Conv2d(first, second, 3, stride=2, padding=1, format=form),
        "dense": quant.Linear(second * 16, 10, format=form),
    }
    blocks: OrderedDict[str, nn.Module] = OrderedDict()
    for name, synapse in synapses.items():
        with torch.no_grad():
            synapse.weight.copy_(trained.get_parameter(f"{name}.weight"))
        if name == "dense":
            blocks["flatten"] = layer.Flatten()
        blocks[name] = quant.Block(synapse, _neurons(form))
    return nn.Sequential(blocks)


def _neurons(form: str) -> quant.ChipNeuron:
    """Return neurons that the chip has, with roughly the decay of the trained ones."""
    if "CubaLIF" in quant.chip_format(form).neurons:
        return quant.CubaLIF(voltage_decay=_DECAY, format=form)
    return quant.LIF(decay=_SHIFT, format=form)


def train(network: nn.Module, digits: Digits, epochs: int, rate: float, say: Progress) -> None:
    """Train on spike counts with Adam and a single cycle of learning rates."""
    count = len(digits.train_labels)
    optimizer = torch.optim.Adam(network.parameters(), rate)
    steps = epochs * -(-count // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    network.train()
    for epoch in range(epochs):
        total = 0.0
        for batch in torch.split(torch.randperm(count), _BATCH):
            functional.reset(network)
            logits = network(digits.train[:, batch]).sum(0) * (8 / STEPS)
            loss = nn.functional.cross_entropy(
                logits, digits.train_labels[batch], label_smoothing=0.1
            )
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(batch)
        say(f"epoch {epoch + 1} of {epochs}: loss {total / count:.3f}")
    network.eval()
    functional.reset(network)


@torch.no_grad()
def test_accuracy(network: nn.Module, spikes: Tensor, labels: Tensor) -> float:
    """Return the share of samples whose most active output neuron is the label's."""
    functional.reset(network)
    counts = network(spikes).sum(0)
    functional.reset(network)
    return float((counts.argmax(1) == labels).float().mean())
