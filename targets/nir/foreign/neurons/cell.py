"""A layer of NIR's neurons as equations, and its numbers as a reading of NIR takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Shape
from neurodeploy.errors import ArtifactError, UnsupportedLayerError
from snncore.dynamics import Equations
from snncore.dynamics.equations import trace
from snncore.dynamics.zoo.spiking import Fire, Reset
from targets.nir.foreign.network import NirNode

Array = NDArray[Any]


@dataclass(frozen=True)
class Summary:
    """A layer in exact arithmetic: v' = (1 - leak) v + gain u + bias, and u' likewise of inputs."""

    leak: Array
    gain: Array
    bias: Array
    # The share that the current loses, if there is one.
    current: Array | None = None
    threshold: Array | None = None
    rest: Array | None = None
    strict: bool = True
    reset: Reset = Reset.HARD


@dataclass(frozen=True)
class Cell:
    """A layer of neurons: equations, with numbers that float32 holds."""

    equations: Equations
    parameters: Mapping[str, Array]
    summary: Summary
    # The states before the first step that are not zero.
    initial: Mapping[str, float] = field(default_factory=dict)
    # The parameters that become torch's exponential of what stands here.
    exponentials: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layer:
    """A node of neurons on its way to a cell."""

    node: NirNode
    shape: Shape
    # The seconds of a step.
    dt: float
    # The reset that is asked for, whatever the reading has.
    reset: Reset | None = None
    # The names of the numbers that float32 rounds.
    rounded: set[str] = field(default_factory=set)

    def single(self, name: str) -> NDArray[np.float32]:
        """Return numbers, one for each neuron, in float32."""
        own = self.own(name)
        narrow = own.astype(np.float32)
        if (narrow != own).any():
            self.rounded.add(name)
        return narrow

    def own(self, name: str) -> Array:
        """Return numbers, one for each neuron, in the file's own type.

        Raises:
            ArtifactError: if they do not fit the layer.
        """
        values = self.node.array(name)
        if values.dtype.kind not in "iuf":
            raise ArtifactError(f"{self.node.name}.{name}: {values.dtype} is not a type of numbers")
        values = values if values.dtype.kind == "f" else values.astype(np.float32)
        values = values.astype(np.float32) if values.dtype == np.float16 else values
        # Some writers give one number for all neurons.
        if values.size == 1:
            return np.broadcast_to(values.reshape(()), self.shape)
        if values.shape != self.shape:
            raise ArtifactError(
                f"{self.node.name}.{name}: {values.shape} is not the shape of the layer, "
                f"{self.shape}"
            )
        return values

    def optional(self, name: str, value: float) -> NDArray[np.float32]:
        """Return numbers, or a value for every neuron where the file has none."""
        if name in self.node.numbers:
            return self.single(name)
        return np.full(self.shape, value, np.float32)

    def positive(self, name: str) -> NDArray[np.float32]:
        """Return numbers above zero, such as time constants.

        Raises:
            ArtifactError: if one is not.
        """
        values = self.single(name)
        if not (values > 0).all():
            raise ArtifactError(f"{self.node.name}.{name}: {values.min():g} is not above zero")
        return values

    def uniform(self, name: str, framework: str) -> float:
        """Return the number that all neurons have.

        Raises:
            UnsupportedLayerError: if they differ.
        """
        values = np.unique(self.own(name))
        if values.size != 1:
            raise self.refused(framework, f"takes one {name} for a layer, and the file has several")
        return float(values.item())

    def refused(self, framework: str, words: str) -> UnsupportedLayerError:
        """Return the error of a reading that refuses the file as its framework does."""
        return UnsupportedLayerError(
            f"{self.node.name}: {framework} {words}",
            remedy="use --profile spec, or the profile of the framework that wrote the file",
        )


def narrowed(values: Any) -> Array:
    """Return one number where all are the same, in double precision, which holds float32."""
    array = np.asarray(values, dtype=np.float32).astype(np.float64)
    first = array.reshape(-1)[:1]
    return first.reshape(()) if array.size and (array == first).all() else array


def cell(
    step: Callable[..., Any],
    parameters: Mapping[str, Any],
    summary: Summary,
    name: str,
    **others: Any,
) -> Cell:
    """Return a cell of a step function whose states are v, or u and v."""
    equations = traced(step, tuple(parameters), name)
    values = {key: narrowed(value) for key, value in parameters.items()}
    return Cell(equations, values, summary, **others)


@lru_cache(maxsize=256)
def traced(step: Callable[..., Any], parameters: tuple[str, ...], name: str) -> Equations:
    """Return the equations of a step function whose states come first and whose input is last."""
    code = step.__code__
    first = code.co_varnames[: code.co_argcount]
    return trace(step, states=tuple(first[:-1]), parameters=parameters, name=name)


def fire(reset: Reset, *, strict: bool) -> Fire:
    """Return the rule by which a voltage fires."""
    return Fire(reset, strict)
