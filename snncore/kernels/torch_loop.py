"""The time loop in torch: one step after another, differentiated by autograd."""

from __future__ import annotations

from collections.abc import Callable

import torch

from snncore.dynamics import Op
from snncore.dynamics.render import Dialect

Step = Callable[..., tuple[torch.Tensor, ...]]
Observer = Callable[[torch.Tensor, tuple[torch.Tensor, ...]], None]

# In the words of snncore.dynamics, which act on tensors.
TORCH = Dialect(
    "torch",
    {
        Op.ADD: "{0} + {1}",
        Op.SUBTRACT: "{0} - {1}",
        Op.MULTIPLY: "{0} * {1}",
        Op.DIVIDE: "{0} / {1}",
        Op.NEGATE: "-{0}",
        Op.MINIMUM: "minimum({0}, {1})",
        Op.MAXIMUM: "maximum({0}, {1})",
        Op.ABSOLUTE: "absolute({0})",
        Op.EXP: "exp({0})",
        Op.LOG: "log({0})",
        Op.DETACH: "detach({0})",
        Op.GREATER: "{0} > {1}",
        Op.GREATER_EQUAL: "{0} >= {1}",
        Op.SELECT: "select({0}, {1}, {2})",
        Op.SPIKE: "spike({0}, strict={a})",
    },
)


def run_sequence(
    step: Step,
    states: tuple[torch.Tensor, ...],
    inputs: tuple[torch.Tensor, ...],
    observer: Observer | None = None,
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """Spikes (T, ...) and the last states of `step(*states, *inputs) -> (*states, spike)`."""
    spikes = []
    for given in zip(*(sequence.unbind(0) for sequence in inputs), strict=True):
        *following, fired = step(*states, *given)
        states = tuple(following)
        spikes.append(fired)
        if observer is not None:
            observer(fired, states)
    return torch.stack(spikes), states
