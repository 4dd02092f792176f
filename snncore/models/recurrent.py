"""Networks whose neurons see their own spikes of the step before."""

from __future__ import annotations

from functools import partial
from typing import Any

from snncore.dynamics.zoo.spiking import Fire, Reset, leaky
from snncore.models.resnet import ResNet, sew_resnet18
from snncore.neuron.define import define

_CHOICES: dict[str, Any] = {
    "reset": Reset.HARD,
    "strict": False,
    "detach_reset": False,
    "decay_input": True,
}


@define(
    states={"v": 0.0, "last": 0.0},
    params={"tau": 2.0, "threshold": 1.0, "feedback": 1.0},
    choices=_CHOICES,
    positional=("tau", "threshold"),
)
def RecurrentLIF(
    v: Any, last: Any, x: Any, *, tau: Any, threshold: Any, feedback: Any, decay_input: bool,
    **fire: Any,
) -> Any:  # fmt: skip
    """Leaky integrate and fire, whose spike, times `feedback`, is added to its next input.

    It computes what `layer.Recurrent(neuron.LIF())` does, all steps in one kernel.
    """
    h = leaky(v, x + feedback * last, lambda value: value / tau, decay_input)
    v, s = Fire(**fire)(h, threshold)
    return v, s, s


def recurrent_sew_resnet18(classes: int = 1000, join: str = "add", **options: Any) -> ResNet:
    """Make a SEW ResNet-18 whose neurons are recurrent, each with itself; options as for ResNet."""
    make = partial(RecurrentLIF, detach_reset=True)
    return sew_resnet18(classes, join, **{"neuron": make} | options)
