"""Chips' neurons in kernels against the eager loop; as a script, in Triton's interpreter.

`TRITON_INTERPRET=1 python -m tests.unit.quant.neuron.loops` needs no GPU. It prints the number of
cases, or fails in the first. With --full, each case has both gains and all steps.
"""

import sys
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import torch
from torch import Tensor

import quant
from snncore import functional, surrogate
from tests.unit.own_neuron import Tiring

CHANNELS, STEPS = 6, 30
# An interpreter takes a while for each: as many as the first call has, and as many in the second.
FEW_STEPS = 14
GAINS = (0.6, 400.0)


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
    "a user's own": lambda **o: quant.Defined(
        Tiring.equations,
        decay=0.75,
        jump=0.25,
        threshold=1.0,
        forget=0.5,
        learnable=("jump", "decay"),
        bias=6,
        **o,
    ),
    "a readout": lambda **o: quant.LeakyIntegrator(0.25, bias=6, **o),
}


def drive(gain: float, unit: Tensor | float, steps: int = STEPS) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(steps, 3, CHANNELS, 2, 2, generator=generator) * gain + 0.2 * gain
    return (x / unit).round() * unit


Results = tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]


def trained(neurons: quant.ChipNeuron, x: Tensor, unit: Any = None) -> Results:
    """Return spikes, last states and gradients, in two parts of which one continues the other."""
    functional.reset(neurons)
    neurons.zero_grad()
    if neurons.bias is not None:
        with torch.no_grad():
            neurons.bias.copy_(per_channel(-0.1, 0.2))
    leaf = x.clone().requires_grad_()
    spikes = torch.cat([neurons(leaf[:7], unit=unit), neurons(leaf[7:], unit=unit)])
    weights = torch.linspace(-1, 1.3, spikes.numel(), device=x.device).reshape(spikes.shape)
    (spikes * weights).sum().backward()
    assert leaf.grad is not None
    gradients = {"x": leaf.grad}
    gradients |= {n: p.grad for n, p in neurons.named_parameters() if p.grad is not None}
    return spikes.detach().cpu(), _on_cpu(neurons.states), _on_cpu(gradients)


def _on_cpu(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().cpu() for name, value in tensors.items()}


def check(
    name: str,
    backend: str,
    device: str = "cpu",
    by_channel: bool = False,
    gains: Sequence[float] = GAINS,
    steps: int = STEPS,
) -> None:
    """Check a neuron's kernels: every bit of spikes and states, and the gradients, nearly."""
    unit = None
    if by_channel:
        unit = 2.0 ** torch.tensor([-6, -5, -7, -6, -4, -6], dtype=torch.float64) * 2
    # The second is so loud that states leave their registers.
    for gain in gains:
        kernels, eager = (NEURONS[name](backend=b) for b in (backend, "torch"))
        coarse = kernels.unit if unit is None else unit.reshape(-1, 1, 1)
        x = drive(gain, coarse, steps).float()
        wanted, finals, expected = trained(eager, x, unit)
        moved = None if unit is None else unit.to(device)
        spikes, states, gradients = trained(kernels.to(device), x.to(device), moved)
        assert torch.equal(spikes, wanted), name
        assert bool((spikes != spikes.flatten()[0]).any()), name
        for state, value in finals.items():
            assert torch.equal(states[state], value), (name, state)
        assert gradients.keys() == expected.keys(), name
        for key, gradient in expected.items():
            assert bool(torch.isfinite(gradient).all()), (name, key)
            assert gain > 1 or bool(gradient.any()), (name, key)
            size = float(gradient.abs().max())
            error = float((gradients[key].double() - gradient.double()).abs().max())
            assert error <= 1e-5 * size + 1e-7, (name, gain, key, error, size)


def main() -> None:
    """Check all neurons in the interpreter."""
    full = "--full" in sys.argv
    steps, turn = (STEPS, cycle([GAINS])) if full else (FEW_STEPS, cycle([[g] for g in GAINS]))
    for name in NEURONS:
        check(name, "triton", gains=next(turn), steps=steps)
    check("hard", "triton", by_channel=True, gains=next(turn), steps=steps)
    sys.stdout.write(f"{len(NEURONS) + 1} cases\n")


if __name__ == "__main__":
    main()
