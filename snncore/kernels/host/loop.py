"""A loop whose kernels compiled code starts, each from its second call of a form on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from snncore.kernels.host.build import LIBRARY
from snncore.kernels.loop.output import Output
from snncore.kernels.loop.work import Work

# As start.cpp numbers them.
ROLES = (
    "input",
    "spikes",
    "state",
    "last",
    "parameter",
    "arrived",
    "to_input",
    "later",
    "to_state",
    "share",
    "notes",
    "number",
)
_NUMBER = {role: number for number, role in enumerate(ROLES)}
# A tensor of a kernel's arguments: its role, and which of these it is; or a number.
Argument = tuple[str, int]


@dataclass(frozen=True)
class Start:
    """A compiled kernel as CUDA's driver starts it, or as a function of the CPU."""

    function: int
    grid: int
    threads: int
    shared: int
    arguments: tuple[Argument, ...]
    waits: bool = False

    @property
    def measures(self) -> list[int]:
        """The grid, its threads and their memory, as the library takes them."""
        return [self.grid, self.threads, self.shared, int(self.waits)]

    @property
    def written(self) -> list[int]:
        """The arguments as the library takes them: the number of each role, and its value."""
        return [part for role, value in self.arguments for part in (_NUMBER[role], value)]


@dataclass(frozen=True)
class Terms:
    """The terms of a parameter's gradient; `channels` of 0 adds up all of them."""

    parameter: int
    terms: int
    channels: int = 0
    inner: int = 0


@dataclass(frozen=True)
class Backward:
    """The gradients that a backward kernel computes, and the memory that it needs."""

    needs: tuple[bool, ...]
    ends: bool
    shares: tuple[Terms, ...] = ()
    notes: int = 0


def numbered(roles: Sequence[str], counts: Sequence[int]) -> list[Argument]:
    """Return tensors of each role, as many as these."""
    pairs = zip(roles, counts, strict=True)
    return [(role, n) for role, count in pairs for n in range(count)]


class HostLoop:
    """One work's launches in the library, by the form of their tensors."""

    def __init__(self, key: str, work: Work, backend: str, real: torch.dtype) -> None:
        self.work = work
        self._entry = key, refusal_of_second_derivative(work, backend), real, backend == "cupy"
        self._number: int | None = None
        # The operator, once it knows a form: (loop, stream, single, tensors) -> tensors.
        self.launch: Callable[[int, int, bool, Sequence[Tensor]], list[Tensor]] | None = None

    @property
    def number(self) -> int:
        """The loop's number in the library."""
        assert self._number is not None
        return self._number

    def absence(self) -> str:
        """Return why kernels are started from Python; nothing if they are not."""
        if self.work.output != Output.INPUT:
            return "narrow spikes"
        return "" if LIBRARY.begin() else LIBRARY.absence

    def enter(self, tensors: Sequence[Tensor], start: Start, back: Backward | None = None) -> None:
        """Enter a launch for tensors of this form."""
        if self.absence():
            return
        shares, measures = [], [*start.measures, 0]
        if back is not None:
            measures[-1] = back.notes
            shares = [n for s in back.shares for n in (s.parameter, s.terms, s.channels, s.inner)]
        operators: Any = torch.ops.snncore
        if self._number is None:
            self._number = self._enter_loop()
        entered = operators.enter_launch(
            self._number,
            [*tensors],
            None if back is None else [*back.needs],
            back is not None and back.ends,
            start.function,
            measures,
            start.written,
            shares,
        )
        if entered and back is None:
            self.launch = operators.launch_sequence.default

    def _enter_loop(self) -> int:
        key, refusal, real, in_double = self._entry
        equations = self.work.equations
        counts = [len(equations.inputs), len(equations.states), len(self.work.parameters)]
        number: int = torch.ops.snncore.enter_loop(
            key, refusal, counts, self.work.final, in_double, self.work.kind, real
        )
        return number


def enter_kernel(start: Start, on_cpu: bool) -> int:
    """Enter a kernel whose tensors are all inputs; return its number, or -1 if it cannot be."""
    if not LIBRARY.begin():
        return -1
    number: int = torch.ops.snncore.enter_kernel(
        start.function, start.measures, start.written, on_cpu
    )
    return number


def refusal_of_second_derivative(work: Work, backend: str) -> str:
    """Return the error of a second derivative."""
    return (
        f"{work.equations.name}: the {backend} kernels have no second derivative "
        '(backend="torch" has)'
    )
