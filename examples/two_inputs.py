"""Define a neuron of your own with two states and two inputs, trained to wait for a gate.

Usage: python examples/two_inputs.py
"""

from __future__ import annotations

from typing import Any

import torch

from snncore import functional, layer, neuron, surrogate
from snncore.dynamics import select, spike

STEPS, SIZE = 20, 16


@neuron.define(states={"v": 0.0, "fatigue": 0.0}, params={"decay": 0.8, "recovery": 0.9}, inputs=2)
def GatedNeuron(v: Any, fatigue: Any, x: Any, gate: Any, *, decay: Any, recovery: Any) -> Any:  # noqa: N802
    """Integrate while the gate is open, and fire less the more it has fired."""
    h = select(gate > 0.5, decay * v + x, v)
    s = spike(h - 1.0 - fatigue)
    return select(s, 0.0, h), recovery * fatigue + 0.5 * s, s


def main() -> None:
    """Train the weights so that one spike answers each step with an open gate."""
    torch.manual_seed(0)
    weights = layer.Linear(SIZE, SIZE)
    neurons = GatedNeuron(surrogate=surrogate.Sigmoid(), learnable=("decay", "recovery"))
    parameters = [*weights.parameters(), *neurons.parameters()]
    optimizer = torch.optim.Adam(parameters, 0.02)
    x = torch.rand(STEPS, 32, SIZE)
    gate = (torch.rand(STEPS, 32, SIZE) < 0.3).float()
    for epoch in range(60):
        functional.reset(neurons)
        loss = (neurons(weights(x), gate) - gate).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if epoch % 20 == 0:
            print(f"epoch {epoch}: {loss.item():.4f}")
    print(f"at the end: {loss.item():.4f}; silent would be {gate.mean().item():.4f}")
    print(f"ran on {neurons.backend_report()}\n\n{GatedNeuron.equations.text()}")


if __name__ == "__main__":
    main()
