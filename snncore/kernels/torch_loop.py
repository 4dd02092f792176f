"""The time loop in torch: one step after another, differentiated by autograd."""

from __future__ import annotations

from collections.abc import Callable

import torch

Step = Callable[..., tuple[torch.Tensor, ...]]
Observer = Callable[[torch.Tensor, tuple[torch.Tensor, ...]], None]


def run_sequence(
    step: Step,
    states: tuple[torch.Tensor, ...],
    inputs: torch.Tensor,
    observer: Observer | None = None,
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """Spikes (T, ...) and the last states of `step(*states, x) -> (*states, spike)`."""
    spikes = []
    for x in inputs.unbind(0):
        *following, fired = step(*states, x)
        states = tuple(following)
        spikes.append(fired)
        if observer is not None:
            observer(fired, states)
    return torch.stack(spikes), states
