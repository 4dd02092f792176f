"""Which backend runs a neuron's time loop: the one asked for, or the first that does not refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from snncore.dynamics.adjoint import Slope
from snncore.dynamics.equations import Equations
from snncore.kernels.output import Output

AUTO = "auto"
Tensors = tuple[Tensor, ...]


class Rule(Protocol):
    """A firing rule that knows its slope in the words of equations; equal if computed alike."""

    @property
    def gradient(self) -> Slope:
        """The slope at a distance from the threshold."""


@dataclass(frozen=True)
class Work:
    """What a loop over time is made for: the equations, and what they run on.

    Parameters that are plain numbers are `constants`; the others are given as tensors. States
    begin with `initial` where none are given, and are of the type `kind`; inputs are of the type
    `given`, which the output has too unless it is narrow. `wide` computes in float64 whatever is
    given.
    """

    equations: Equations
    surrogate: Rule
    device: torch.device
    given: torch.dtype
    constants: tuple[tuple[str, float], ...] = ()
    initial: tuple[float, ...] = ()
    output: Output = Output.INPUT
    # Whether the last states are handed out.
    final: bool = True
    wide: bool = False

    @property
    def kind(self) -> torch.dtype:
        """The type that is computed in: no narrower than float32."""
        return torch.float64 if self.wide or self.given == torch.float64 else torch.float32

    @property
    def slope(self) -> Slope:
        """What the derivative of a spike is taken to be."""
        return self.surrogate.gradient

    @property
    def begin(self) -> tuple[float, ...]:
        """What each state is before the first step."""
        return self.initial or (0.0,) * len(self.equations.states)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters that are given as tensors, in the order of the equations."""
        constant = dict(self.constants)
        return tuple(name for name in self.equations.parameters if name not in constant)


class Loop(Protocol):
    """A time loop made for one work, forwards and backwards, without autograd.

    Inputs are (T, N, ...), of any strides; states are (N, ...), or none where they begin with the
    work's; a parameter is broadcast to (N, ...). What is returned is contiguous.
    """

    def forward(
        self, inputs: Sequence[Tensor], states: Sequence[Tensor], parameters: Sequence[Tensor]
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """The output, and the last states if the work asks for them."""

    def backward(
        self,
        inputs: Sequence[Tensor],
        states: Sequence[Tensor],
        parameters: Sequence[Tensor],
        incoming: Tensor | None,
        later: Sequence[Tensor | None],
        needs: Sequence[bool],
    ) -> Sequence[Tensor | None]:
        """From the gradients of the output and of the last states to those of what was given.

        There is one for each of (*inputs, *states, *parameters) that needs one, shaped like it.
        """


class Backend(Protocol):
    """One way to run the time loop."""

    def refusal(self, work: Work) -> str | None:
        """Why this backend cannot run the work, or nothing if it can."""

    def loop(self, work: Work) -> Loop:
        """The loop for this work."""


def _torch() -> Backend:
    from snncore.kernels.torch_loop import TorchBackend

    return TorchBackend()


def _cpp() -> Backend:
    from snncore.kernels.cpp import CppBackend

    return CppBackend()


def _triton() -> Backend:
    from snncore.kernels.triton_backend import TritonBackend

    return TritonBackend()


def _cupy() -> Backend:
    from snncore.kernels.cuda_backend import CudaBackend

    return CudaBackend()


# In the order in which "auto" asks them.
_MAKERS: dict[str, Callable[[], Backend]] = {
    "cpp": _cpp,
    "triton": _triton,
    "cupy": _cupy,
    "torch": _torch,
}
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
