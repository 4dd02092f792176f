"""The work of a time loop, and the interface that each language provides to run it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch
from torch import Tensor

from snncore.dynamics.adjoint import Slope
from snncore.dynamics.equations import Equations
from snncore.kernels.loop.output import Output

if TYPE_CHECKING:
    from snncore.kernels.host.loop import HostLoop

Tensors = tuple[Tensor, ...]
# Integers up to 2**24 are exact in float32.
EXACT_FLOAT32 = 1 << 24


class Rule(Protocol):
    """A firing rule that knows its slope in the words of equations; equal if computed alike."""

    @property
    def gradient(self) -> Slope:
        """The slope at a distance from the threshold."""


@dataclass(frozen=True)
class Work:
    """The work of a time loop: the equations, and the types and device that they run on.

    Parameters that are plain numbers are `constants`; the others are given as tensors. States
    begin with `initial` where none are given, and are of the type `kind`; inputs are of the type
    `input_type`, which the output has too unless it is narrow. `wide` computes in float64 whatever
    the inputs are. If a step computes integers alone, `reach` is the largest of them: every type
    that holds it computes the same.
    """

    equations: Equations
    surrogate: Rule
    device: torch.device
    input_type: torch.dtype
    constants: tuple[tuple[str, float], ...] = ()
    initial: tuple[float, ...] = ()
    output: Output = Output.INPUT
    # True if the last states are returned.
    final: bool = True
    wide: bool = False
    reach: int = 0

    @property
    def kind(self) -> torch.dtype:
        """The type that is computed in: no narrower than float32."""
        return torch.float64 if self.wide or self.input_type == torch.float64 else torch.float32

    @property
    def narrows(self) -> bool:
        """Whether float32 holds every integer of a step."""
        return 0 < self.reach <= EXACT_FLOAT32

    @property
    def slope(self) -> Slope:
        """The derivative that stands in for a spike's."""
        return self.surrogate.gradient

    @property
    def begin(self) -> tuple[float, ...]:
        """The value of each state before the first step."""
        return self.initial or (0.0,) * len(self.equations.states)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters that are given as tensors, in the order of the equations."""
        constant = dict(self.constants)
        return tuple(name for name in self.equations.parameters if name not in constant)


class Loop(Protocol):
    """A time loop for one work, forwards and backwards, without autograd.

    Inputs are (T, N, ...), of any strides; states are (N, ...), or none where they begin with the
    work's; a parameter is broadcast to (N, ...). What is returned is contiguous.
    """

    def forward(
        self, inputs: Sequence[Tensor], states: Sequence[Tensor], parameters: Sequence[Tensor]
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """Return the output, and the last states if the work requests them."""

    def backward(
        self,
        inputs: Sequence[Tensor],
        states: Sequence[Tensor],
        parameters: Sequence[Tensor],
        incoming: Tensor | None,
        later: Sequence[Tensor | None],
        needs: Sequence[bool],
    ) -> Sequence[Tensor | None]:
        """Return the gradients of the arguments, given those of the output and the last states.

        There is one for each of (*inputs, *states, *parameters) that needs one, shaped like it.
        """


@runtime_checkable
class Hosted(Protocol):
    """A loop whose kernels compiled code can start: it enters them as they are compiled."""

    host: HostLoop | None
    # The type that a step computes in.
    real: torch.dtype


class Backend(Protocol):
    """One way to run the time loop."""

    def refusal(self, work: Work) -> str | None:
        """Return the reason why this backend cannot run the work, or None."""

    def loop(self, work: Work) -> Loop:
        """Make the loop for this work."""
