"""Decoders: from sequences (T, N, ...) to values (N, ...)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, fx

from snncore.encoding import phase_weights

F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["count", "first_spike", "largest_value", "last_value", "phase", "rate"]


def _one_call(function: F) -> F:
    """Return the function, which a symbolic trace records as one call."""

    @wraps(function)
    def call(values: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(values, fx.Proxy):
            return values.tracer.create_proxy("call_function", call, (values, *args), kwargs)
        return function(values, *args, **kwargs)

    return cast(F, call)


@dataclass(frozen=True)
class Decoder:
    """A decoder of this module by name, and the first steps that it leaves out."""

    name: str
    skip: int = 0

    def __call__(self, values: Tensor) -> Tensor:
        """Return the values (N, ...) of a sequence (T, N, ...)."""
        function: Any = {name: each for each, name in _OWN.items()}[self.name]
        decoded: Tensor = function(values, self.skip) if self.skip else function(values)
        return decoded


def decoder_called(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Decoder | None:
    """Return the decoder that a call applies to its first argument, if it is one.

    torch's own mean, sum, largest value and last row of the first axis, time, are decoders too.
    """
    rest = [*args[1:], *kwargs.values()]
    if function in _OWN:
        whole = all(type(value) is int for value in rest) and set(kwargs) <= {"skip"}
        return Decoder(_OWN[function], *rest) if whole else None
    if function in _OVER_TIME and set(kwargs) <= {"dim", "axis"}:
        return Decoder(_OVER_TIME[function]) if rest in ([0], [[0]], [(0,)]) else None
    return Decoder("last_value") if function is operator.getitem and rest == [-1] else None


@_one_call
def rate(spikes: Tensor, skip: int = 0) -> Tensor:
    """Return the firing rate without the first steps, which deep layers need to settle.

    Raises:
        ValueError: if no step is left.
    """
    if not 0 <= skip < len(spikes):
        raise ValueError(f"decoding.rate: skips {skip} of {len(spikes)} steps")
    return spikes[skip:].mean(0)


@_one_call
def count(spikes: Tensor) -> Tensor:
    """Count the spikes."""
    return spikes.sum(0)


@_one_call
def first_spike(spikes: Tensor) -> Tensor:
    """Return the step of the first spike, or T without one; differentiable."""
    return torch.cumprod(1 - spikes, 0).sum(0)


@_one_call
def phase(spikes: Tensor) -> Tensor:
    """Return the value whose binary digits are the spikes."""
    weights = phase_weights(len(spikes)).to(spikes)
    decoded: Tensor = torch.tensordot(weights, spikes, dims=1)
    return decoded


@_one_call
def last_value(values: Tensor) -> Tensor:
    """Return the last step, such as a leaky integrator's membrane."""
    return values[-1]


@_one_call
def largest_value(values: Tensor) -> Tensor:
    """Return the largest value of all steps."""
    return values.amax(0)


_OWN: dict[Any, str] = {
    each: each.__name__ for each in (rate, count, first_spike, last_value, largest_value)
}
_OVER_TIME: dict[Any, str] = {
    **dict.fromkeys(("mean", torch.mean), "rate"),
    **dict.fromkeys(("sum", torch.sum), "count"),
    **dict.fromkeys(("amax", torch.amax), "largest_value"),
}
