"""Train a neuron on the inputs that precede its forced spikes, until it fires at them alone.

Usage: python examples/stdp.py
"""

from __future__ import annotations

import torch

from snncore import functional, layer, learning, neuron

STEPS, GROUP = 20, 10
NAMES = ("those two steps before", "those two steps after", "those at any time")


def trial(generator: torch.Generator) -> torch.Tensor:
    """Return spikes of three groups of inputs: in step 8, in step 12, and anywhere."""
    spikes = torch.zeros(STEPS, 1, 3 * GROUP)
    spikes[8, 0, :GROUP] = 1
    spikes[12, 0, GROUP : 2 * GROUP] = 1
    spikes[:, 0, 2 * GROUP :] = (torch.rand(STEPS, GROUP, generator=generator) < 0.05).float()
    return spikes


def main() -> None:
    """Run a hundred trials with a teacher, and one without."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    synapse = layer.Linear(3 * GROUP, 1, bias=False)
    neurons = neuron.LIF(tau=2.0, threshold=7.0, decay_input=False)
    torch.nn.init.constant_(synapse.weight, 0.4)
    teacher = torch.zeros(STEPS, 1, 1)
    teacher[10] = 10.0
    optimizer = torch.optim.SGD(synapse.parameters(), 1.0)
    taus = {"tau_pre": 4.0, "tau_post": 4.0}
    bounds = learning.soft_bounds(0.0, 1.0)
    with learning.STDP(
        synapse, neurons, **taus, potentiation=0.05, depression=0.06, bounds=bounds
    ) as rule:
        for _ in range(100):
            functional.reset(neurons)
            rule.reset()
            neurons(synapse(trial(generator)) + teacher)
            optimizer.zero_grad()
            rule.step()
            optimizer.step()
    for name, weights in zip(NAMES, synapse.weight.detach()[0].split(GROUP), strict=True):
        print(f"{name:24} weigh {weights.mean():.2f}")
    functional.reset(neurons)
    alone = neurons(synapse(trial(generator))).flatten().nonzero().flatten().tolist()
    print(f"without the teacher it fires in steps {alone}")


if __name__ == "__main__":
    main()
