"""Neurons as torch modules: a step or a sequence at a time, with states until they are reset."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import torch
from torch import Tensor

from snncore.dynamics import Equations
from snncore.kernels import AUTO, BACKENDS, run_sequence
from snncore.noting import Noting
from snncore.surrogate import ATan, Surrogate


class StepMode(StrEnum):
    """The form of an input: one step (N, ...) or a sequence (T, N, ...)."""

    SINGLE = "s"
    MULTI = "m"


class Neuron(Noting):
    """A layer of neurons of any size: its first input decides the shape."""

    equations: Equations
    # Why there is no step that a chip could compute, and what to use instead, if there is none.
    without_step = ""

    def __init__(
        self,
        *,
        surrogate: Surrogate | None = None,
        step_mode: str = "m",
        backend: str = "auto",
    ) -> None:
        super().__init__()
        if backend not in (AUTO, *BACKENDS):
            backends = ", ".join((AUTO, *BACKENDS))
            raise ValueError(f"{type(self).__name__}: no backend {backend!r}; there are {backends}")
        self.surrogate = surrogate if surrogate is not None else ATan()
        self.step_mode = StepMode(step_mode)
        self.backend = backend
        self.states: dict[str, Tensor] = {}
        self.input_shape: tuple[int, ...] | None = None
        # Set by a monitor: state name -> a tensor a step.
        self.record: dict[str, list[Tensor]] | None = None

    def reset(self) -> None:
        """Forget the states; the next input starts from zero."""
        self.states = {}

    def detach(self) -> None:
        """Keep the states, in memory of their own, but not how they came about."""
        self.states = {name: value.detach().clone() for name, value in self.states.items()}

    def __getstate__(self) -> dict[str, Any]:
        # A copy takes the states along, not how they came about nor who watches.
        states = {name: value.detach() for name, value in self.states.items()}
        return self.__dict__ | {"states": states, "record": None}

    def step(self, *states_and_input: Tensor) -> tuple[Tensor, ...]:
        """Compute one step: the next states and the spikes."""
        raise NotImplementedError(f"{type(self).__name__} defines no step")

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"step_mode": self.step_mode.value, "backend": self.backend} | surrogate_config(
            self.surrogate
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes for a step or a sequence."""
        return self._with_states(x, self._through)

    def _with_states(
        self, x: Tensor, through: Callable[[Tensor], tuple[Tensor, tuple[Tensor, ...]]]
    ) -> Tensor:
        """Return the spikes for a step or a sequence, and keep the last states."""
        single = self.step_mode == StepMode.SINGLE
        sequence = x.unsqueeze(0) if single else x
        self._check(sequence)
        self.input_shape = tuple(sequence.shape[2:])
        spikes, states = through(sequence)
        self.states = dict(zip(self.equations.states, states, strict=True))
        return spikes[0] if single else spikes

    def _through(self, sequence: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return a sequence's spikes and last states, and show a monitor every step."""
        return run_sequence(
            self._stepper(sequence),
            self._states_for(sequence[0]),
            (sequence,),
            None if self.record is None else self._observe,
        )

    def _stepper(self, sequence: Tensor) -> Any:
        """Return the step function for this input."""
        return self.step

    def _check(self, sequence: Tensor) -> None:
        if sequence.ndim < 3 or sequence.shape[0] == 0:
            kind = "(N, ...)" if self.step_mode == StepMode.SINGLE else "(T, N, ...)"
            shape = tuple(sequence.shape)
            raise ValueError(f"{type(self).__name__}: takes {kind}, but got {shape}")

    def _states_for(self, x: Tensor) -> tuple[Tensor, ...]:
        if not self.states:
            return tuple(self._initial(name, x) for name in self.equations.states)
        for name, value in self.states.items():
            if value.shape != x.shape:
                raise ValueError(
                    f"{type(self).__name__}.{name}: the state is {tuple(value.shape)} and the "
                    f"input {tuple(x.shape)} (call functional.reset between samples)"
                )
        return tuple(self.states[name] for name in self.equations.states)

    def _initial(self, name: str, x: Tensor) -> Tensor:
        return torch.zeros_like(x)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Neuron:
        # States go where the module goes, and keep their type.
        moved = {name: fn(value).to(value.dtype) for name, value in self.states.items()}
        super()._apply(fn, recurse)
        self.states = moved
        return self

    def _observe(self, spikes: Tensor, states: tuple[Tensor, ...]) -> None:
        assert self.record is not None
        named = {"s": spikes} | dict(zip(self.equations.states, states, strict=True))
        for name, value in named.items():
            self.record.setdefault(name, []).append(value.detach())

    def extra_repr(self) -> str:
        """Return the text between the brackets of the printed module."""
        return ", ".join(f"{key}={value!r}" for key, value in self.config().items())


def surrogate_config(surrogate: Surrogate) -> dict[str, Any]:
    """Return a surrogate as plain data."""
    return {"surrogate": {"type": type(surrogate).__name__} | surrogate.values()}
