"""What a quantized network computes while it trains is, divided by its scales, the program."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.compare import compare
from neurodeploy.frontend.training import training_trace
from neurodeploy.report import Status
from snncore import functional, layer

Build = Callable[[np.random.Generator], tuple[nn.Module, tuple[int, ...]]]


def _neuron(draw: np.random.Generator, **more: object) -> quant.CubaLIF:
    return quant.CubaLIF(
        threshold=float(draw.choice([0.0, 0.25, 1.0, 1.5, 3.0])),
        current_decay=float(draw.choice([0.0, 1 / 4096, 0.25, 0.9, 1.0])),
        voltage_decay=float(draw.choice([0.0, 1 / 4096, 0.1, 0.5, 1.0])),
        **more,
    )


def _dense(draw: np.random.Generator) -> tuple[nn.Module, tuple[int, ...]]:
    widths = [int(draw.integers(1, 24)) for _ in range(int(draw.integers(2, 5)))]
    exponent = int(draw.choice([-8, -6, -4]))
    blocks = []
    for inputs, outputs in pairwise(widths):
        synapse = quant.Linear(inputs, outputs, bool(draw.integers(2)), exponent=exponent)
        blocks.append(quant.Block(synapse, _neuron(draw, exponent=exponent)))
    return nn.Sequential(*blocks), (widths[0],)


def _conv(draw: np.random.Generator) -> tuple[nn.Module, tuple[int, ...]]:
    groups = int(draw.choice([1, 2]))
    channels, outputs = 2 * int(draw.integers(1, 3)), 2 * int(draw.integers(1, 4))
    kernel = (int(draw.integers(1, 4)), int(draw.integers(1, 4)))
    network = nn.Sequential(
        quant.Conv2d(
            channels,
            outputs,
            kernel,
            stride=(int(draw.integers(1, 3)), int(draw.integers(1, 3))),
            padding=(int(draw.integers(0, 3)), int(draw.integers(0, 2))),
            dilation=(int(draw.integers(1, 3)), 1),
            groups=groups,
        ),
        _neuron(draw, bias=outputs),
        layer.Flatten(),
        nn.Identity(),
    )
    return network, (channels, 9, 8)


def _pools(draw: np.random.Generator) -> tuple[nn.Module, tuple[int, ...]]:
    network = nn.Sequential(
        quant.Block(quant.Conv2d(1, 3, 3, bias=True), _neuron(draw)),
        quant.Block(quant.SumPool2d(2, 1, weight=0.5), _neuron(draw)),
        quant.SumPool2d((2, 3), (1, 2)),
        layer.Flatten(),
        quant.Linear(3 * 5 * 2, 4),
        _neuron(draw, bias=4),
    )
    return network, (1, 9, 8)


class _Branches(nn.Module):
    def __init__(self, draw: np.random.Generator) -> None:
        super().__init__()
        self.first = quant.Block(quant.Conv2d(2, 4, 3, padding=1), _neuron(draw))
        self.second = quant.Block(quant.Conv2d(4, 4, 3, padding=1), _neuron(draw))
        self.pool = quant.SumPool2d(2)
        self.dense = quant.Linear(4 * 3 * 3, 5)
        self.direct = quant.Linear(2 * 6 * 6, 5)
        self.last = _neuron(draw)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = self.first(x)
        b = a + self.second(a)
        return self.last(self.dense(self.pool(b).flatten(2)) + self.direct(torch.flatten(x, 2)))


def _branches(draw: np.random.Generator) -> tuple[nn.Module, tuple[int, ...]]:
    return _Branches(draw), (2, 6, 6)


def _drawn(build: Build, seed: int) -> tuple[nn.Module, torch.Tensor]:
    draw = np.random.default_rng(seed)
    torch.manual_seed(seed)
    network, shape = build(draw)
    gain = float(draw.choice([1.0, 4.0, 40.0]))
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "bias" in name:
                parameter.uniform_(-0.5, 0.8)
            else:
                parameter.mul_(gain)
    steps, count = int(draw.integers(1, 24)), int(draw.integers(1, 4))
    samples = torch.from_numpy(draw.random((steps, count, *shape)) < draw.choice([0.1, 0.5, 1.0]))
    return network, samples.float()


@pytest.mark.parametrize("build", [_dense, _pools, _branches])
def test_training_is_golden_is_fast_on_every_bit(build: Build) -> None:
    spikes = 0
    for seed in range(25):
        network, samples = _drawn(build, seed)
        program = nd.lower(network, example=samples)
        golden = nd.simulate(program, samples)
        trained = training_trace(network, program, samples.numpy().astype(np.int64))
        fast = nd.simulate(program, samples, engine="fast")
        for name, other in (("training", trained), ("fast", fast)):
            link = compare(name, golden, other, 0.0)
            assert link.status == Status.EQUAL, f"seed {seed}: {link.divergence}"
        spikes += golden.spikes()
    assert spikes > 500


def test_a_flattened_convolution_is_golden_too() -> None:
    for seed in range(25):
        network, samples = _drawn(_conv, seed)
        network = network[:2]
        program = nd.lower(network, example=samples)
        golden = nd.simulate(program, samples)
        trained = training_trace(network, program, samples.numpy().astype(np.int64))
        assert compare("conv", golden, trained, 0.0).status == Status.EQUAL, f"seed {seed}"


def test_autocast_changes_no_bit() -> None:
    network, samples = _drawn(_pools, 3)
    plain = network(samples)
    functional.reset(network)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = network(samples)
    assert plain.sum() > 0
    assert torch.equal(plain, cast)


def test_a_sequence_in_parts_is_the_whole() -> None:
    network, samples = _drawn(_dense, 7)
    whole = network(samples)
    functional.reset(network)
    parts = torch.cat([network(samples[:3]), network(samples[3:])])
    assert torch.equal(whole, parts)
    again = network(samples)
    assert not torch.equal(whole, again) or whole.sum() == 0


def test_training_lowers_the_loss() -> None:
    torch.manual_seed(0)
    samples = (torch.rand(8, 64, 20) < 0.4).float()
    labels = (samples.sum(0)[:, :10].sum(1) > samples.sum(0)[:, 10:].sum(1)).long()
    network = nn.Sequential(
        quant.Block(quant.Linear(20, 16, bias=True), quant.CubaLIF(voltage_decay=0.2)),
        quant.Block(quant.Linear(16, 2), quant.CubaLIF(threshold=0.5, voltage_decay=0.2)),
    )
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    losses = []
    for _ in range(40):
        functional.reset(network)
        loss = nn.functional.cross_entropy(network(samples).sum(0), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in network.parameters())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: quant.CubaLIF(threshold=float("nan")), "NaN"),
        (lambda: quant.CubaLIF(threshold=1e9), "threshold"),
        (lambda: quant.CubaLIF(voltage_decay=1.5), "voltage_decay"),
        (lambda: quant.CubaLIF(format="nothing"), "loihi"),
        (lambda: quant.Block(quant.Linear(2, 2, exponent=-5), quant.CubaLIF()), "exponent"),
        (lambda: quant.SumPool2d(2, weight=0.01), "weight"),
        (lambda: quant.Linear(2, 2, bias=True)(torch.zeros(1, 1, 2)), "Block"),
    ],
)
def test_what_no_chip_holds_is_refused_and_named(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_states_of_another_batch_say_how_to_go_on() -> None:
    network = quant.Block(quant.Linear(3, 2), quant.CubaLIF())
    network(torch.zeros(2, 4, 3))
    with pytest.raises(ValueError, match=r"functional\.reset"):
        network(torch.zeros(2, 5, 3))
