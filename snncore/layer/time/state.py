"""Layers that remember between steps, until they are reset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from snncore.layer.steps import leading_axes
from snncore.layer.weights.linear import Layer


class StateLayer(Layer):
    """A layer with states; its input is a sequence (T, N, ...), or one step with "s"."""

    def __init__(self, step_mode: str = "m") -> None:
        super().__init__()
        leading_axes(step_mode, type(self).__name__)
        self.step_mode = step_mode
        self.states: dict[str, Tensor] = {}

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return super().config() | {"step_mode": str(self.step_mode)}

    def reset(self) -> None:
        """Forget the states."""
        self.states = {}

    def detach(self) -> None:
        """Keep the states, in memory of their own, but not how they came about."""
        self.states = {name: value.detach().clone() for name, value in self.states.items()}

    def sequence(self, x: Tensor) -> Tensor:
        """Return the input as a sequence, even if it is a single step."""
        return x.unsqueeze(0) if self.step_mode == "s" else x

    def as_given(self, x: Tensor) -> Tensor:
        """Return a sequence in the form of the input."""
        return x[0] if self.step_mode == "s" else x

    def kept(self, name: str, like: Tensor) -> Tensor | None:
        """Return a state, or None if there is none.

        Raises:
            ValueError: if it does not fit a step like this one.
        """
        state = self.states.get(name)
        if state is not None and state.shape != like.shape:
            raise ValueError(
                f"{type(self).__name__}.{name}: the state is {tuple(state.shape)} and the input "
                f"{tuple(like.shape)} (call functional.reset between samples)"
            )
        return state

    def __getstate__(self) -> dict[str, Any]:
        # A copy takes the states along, not how they came about.
        return self.__dict__ | {"states": {k: v.detach() for k, v in self.states.items()}}

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> StateLayer:
        super()._apply(fn, recurse)
        self.states = {name: fn(value) for name, value in self.states.items()}
        return self
