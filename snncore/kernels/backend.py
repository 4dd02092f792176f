"""Which backend runs a neuron's time loop: the one asked for, or the first that does not refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

from snncore.dynamics import Equations
from snncore.dynamics.adjoint import Slope
from snncore.kernels.torch_loop import Step, run_sequence

AUTO = "auto"
Tensors = tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class Work:
    """What a backend is asked to run: a step, and what it runs on.

    `step` computes the equations on tensors; `slope` is that of their spikes. `key` is equal for
    equal equations with equal slopes.
    """

    equations: Equations
    slope: Slope
    step: Step
    key: Any
    device: torch.device
    kind: torch.dtype


class Backend(Protocol):
    """One way to run the time loop."""

    def refusal(self, work: Work) -> str | None:
        """Why this backend cannot run the work, or nothing if it can."""

    def run(
        self, work: Work, inputs: Tensors, states: Tensors, parameters: Mapping[str, torch.Tensor]
    ) -> tuple[torch.Tensor, Tensors]:
        """Spikes (T, N, ...) and the last states."""


class TorchBackend:
    """Eager torch, which takes everything."""

    def refusal(self, work: Work) -> str | None:
        """Why this backend cannot run the work, or nothing if it can."""
        return None

    def run(
        self, work: Work, inputs: Tensors, states: Tensors, parameters: Mapping[str, torch.Tensor]
    ) -> tuple[torch.Tensor, Tensors]:
        """Spikes (T, N, ...) and the last states."""

        def step(*values: torch.Tensor) -> Tensors:
            return work.step(*values, **parameters)

        return run_sequence(step, states, inputs)


def _cpp() -> Backend:
    from snncore.kernels.cpp import CppBackend

    return CppBackend()


# In the order in which "auto" asks them.
_MAKERS: dict[str, Callable[[], Backend]] = {"cpp": _cpp, "torch": TorchBackend}
BACKENDS = tuple(_MAKERS)
_made: dict[str, Backend] = {}


@dataclass(frozen=True)
class BackendReport:
    """Which backend runs, and why each one before it does not."""

    chosen: str
    refused: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        reasons = "".join(f"; {name}: {reason}" for name, reason in self.refused.items())
        return f"{self.chosen}{reasons}"


def backend(name: str) -> Backend:
    """The backend of this name.

    Raises:
        ValueError: if there is none.
    """
    if name not in _MAKERS:
        raise ValueError(f"no backend {name!r}; there are {', '.join(BACKENDS)}")
    if name not in _made:
        _made[name] = _MAKERS[name]()
    return _made[name]


def choose(asked: str, work: Work) -> BackendReport:
    """The backend for this work.

    Raises:
        ValueError: if the one asked for cannot run it.
    """
    refused: dict[str, str] = {}
    for name in BACKENDS if asked == AUTO else (asked,):
        reason = backend(name).refusal(work)
        if reason is None:
            return BackendReport(name, refused)
        refused[name] = reason
    reasons = "; ".join(f"{name}: {reason}" for name, reason in refused.items())
    raise ValueError(f'{work.equations.name}: {reasons} (backend="auto" takes one that can)')
