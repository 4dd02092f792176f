"""The kernels' time loop is the eager one: every bit of spikes and states, and the gradients."""

from typing import Any

import pytest
import torch
from torch import Tensor

import quant
from quant.grid.straight_through import SpikeRule
from quant.neuron.integer_step import BoundedStep
from quant.neuron.kernels import runs_in_kernels
from snncore import functional, surrogate

CHANNELS, STEPS = 6, 20


def per_channel(low: float, high: float) -> Tensor:
    return torch.linspace(low, high, CHANNELS)


NEURONS: dict[str, Any] = {
    "loihi": lambda **o: quant.CubaLIF(0.7, current_decay=0.3, voltage_decay=0.1, bias=6, **o),
    "an IF of loihi": lambda **o: quant.CubaLIF(1.0, voltage_decay=0.0, **o),
    "hard": lambda **o: quant.LIF(0.3, 0.9, rest=-0.25, bias=6, **o),
    "soft": lambda **o: quant.LIF(
        0.25,
        0.5,
        reset="soft",
        format="lynxi",
        detach_reset=True,
        surrogate=surrogate.Sigmoid(),
        **o,
    ),
    "shifts": lambda **o: quant.LIF(0.125, 1.0, reset="soft", format="shift16", **o),
    "learned": lambda **o: quant.LIF(
        per_channel(0.1, 0.9), per_channel(0.4, 1.2), learnable=("decay", "threshold"), **o
    ),
    "learned currents": lambda **o: quant.CubaLIF(
        0.5, current_decay=0.6, voltage_decay=0.2, learnable=("current_decay", "voltage_decay"), **o
    ),
    "sixteen bits": lambda **o: quant.IF(1.0, exponent=-14, format="int16", **o),
}


def twins(name: str) -> tuple[quant.ChipNeuron, quant.ChipNeuron]:
    """Return the same neurons in kernels and in the eager loop."""
    pair = [NEURONS[name](backend=backend) for backend in ("cpp", "torch")]
    for neurons in pair:
        if neurons.bias is not None:
            with torch.no_grad():
                neurons.bias.copy_(per_channel(-0.1, 0.2))
    return pair[0], pair[1]


def drive(gain: float, unit: float) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(STEPS, 3, CHANNELS, 2, 2, generator=generator) * gain + 0.2 * gain
    return (x / unit).round() * unit


@pytest.mark.parametrize("name", NEURONS)
def test_kernels_are_the_eager_loop(name: str) -> None:
    kernels, eager = twins(name)
    # The second is so loud that states leave their registers.
    for gain in (0.6, 400.0):
        x = drive(gain, kernels.unit)
        results = []
        for neurons in (kernels, eager):
            functional.reset(neurons)
            neurons.zero_grad()
            leaf = x.clone().requires_grad_()
            # In two parts, the second of which continues the states.
            spikes = torch.cat([neurons(leaf[:7]), neurons(leaf[7:])])
            weights = torch.linspace(-1, 1.3, spikes.numel()).reshape(spikes.shape)
            (spikes * weights).sum().backward()
            gradients = {"x": leaf.grad} | {n: p.grad for n, p in neurons.named_parameters()}
            results.append((spikes.detach(), dict(neurons.states), gradients))
        (spikes, states, gradients), (wanted, finals, expected) = results
        assert torch.equal(spikes, wanted)
        assert 0 < spikes.sum() < spikes.numel()
        for state, value in finals.items():
            assert torch.equal(states[state], value), state
        assert gradients.keys() == expected.keys()
        for key, gradient in expected.items():
            assert bool(torch.isfinite(gradient).all())
            assert gain > 1 or bool(gradient.any()), key
            torch.testing.assert_close(gradients[key], gradient, rtol=1e-5, atol=1e-7, msg=key)


def test_a_full_leak_is_left_out_of_a_kernel_and_changes_no_bit() -> None:
    from quant.neuron.kernels import _equations

    pair = [quant.CubaLIF(voltage_decay=0.1, backend=b) for b in ("cpp", "torch")]
    bounds = tuple((name, value, value) for name, value in pair[0].integers().items())
    step = BoundedStep(pair[0].equations, pair[0].format.system, 40.0, bounds)
    whole = step._replace(bounds=tuple((n, v - (n == "current_decay"), v) for n, v, _ in bounds))
    assert len(_equations(step).operations) < len(_equations(whole).operations) - 3
    x = drive(0.6, pair[0].unit)
    spikes = [neurons(x) for neurons in pair]
    assert torch.equal(*spikes)
    assert spikes[0].any()
    assert torch.equal(pair[0].states["u"], pair[1].states["u"])


@pytest.mark.parametrize("backend", ["cpp", "torch"])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_what_a_sum_lost_comes_back(backend: str, kind: torch.dtype) -> None:
    neurons = quant.LIF(0.3, 0.9, backend=backend)
    x = drive(0.6, neurons.unit).to(kind)
    wanted = neurons(x)
    functional.reset(neurons)
    noise = torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) - 0.5
    assert torch.equal(neurons(x + noise * 1e-3 * neurons.unit), wanted)
    assert wanted.any()


def test_kernels_run_where_they_are_worth_it() -> None:
    lif = quant.LIF()
    step = BoundedStep(
        lif.equations, lif.format.system, 5.0, tuple((n, 0, 4) for n in lif.equations.parameters)
    )
    rule = SpikeRule(lif.surrogate, 0.5)
    small, large = torch.zeros(4, 1, 5), torch.zeros(8, 64, 64)
    assert not runs_in_kernels("auto", step, rule, small)
    assert runs_in_kernels("auto", step, rule, large)
    assert runs_in_kernels("cpp", step, rule, small)
    assert not runs_in_kernels("torch", step, rule, large)
    by_channel = SpikeRule(lif.surrogate, torch.ones(3))
    assert not runs_in_kernels("auto", step, by_channel, large)
    with pytest.raises(ValueError, match="LIF: cpp: its unit differs by channel"):
        runs_in_kernels("cpp", step, by_channel, large)
    with pytest.raises(ValueError, match="LIF: cpp: runs on the CPU"):
        runs_in_kernels("cpp", step, rule, torch.zeros(1, 1, 1, device="meta"))


def test_unlike_numbers_share_a_kernel() -> None:
    from quant.neuron.kernels import _equations

    kernels = set()
    for threshold, decay in ((0.5, 0.25), (0.45, 0.3), (0.6, 0.49)):
        lif = quant.LIF(decay, threshold)
        bounds = tuple((name, value, value) for name, value in lif.integers().items())
        kernels.add(_equations(BoundedStep(lif.equations, lif.format.system, 40.0, bounds)))
    assert len(kernels) == 1
