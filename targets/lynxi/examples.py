"""The chip's neurons, of which the conformance kit builds its suite."""

from __future__ import annotations

from neurodeploy.target import ExampleNeuron
from snncore.dynamics.zoo.spiking import Fire, Reset, biased_if, biased_lif
from targets.lynxi.format import FORMAT

_FIRING = {"threshold": 90, "rest": 0, "bias": 0, "decay": 32}


def _neuron(leaky: bool, reset: Reset) -> ExampleNeuron:
    equations = (biased_lif if leaky else biased_if)(Fire(reset))
    return ExampleNeuron(
        equations, FORMAT.system, {key: _FIRING[key] for key in equations.parameters}
    )


EXAMPLES = {
    "LIF": _neuron(True, Reset.HARD),
    "LIF, soft reset": _neuron(True, Reset.SOFT),
    "IF": _neuron(False, Reset.HARD),
    "IF, soft reset": _neuron(False, Reset.SOFT),
}
