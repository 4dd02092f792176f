"""The values of a run over time: a step, a sequence, a sum, or the same in every step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from torch import Tensor

from neurodeploy.errors import UnsupportedLayerError

# Axes: time, batch, both as one, one of a sample, and one of length 1 that may become time.
TIME, BATCH, BOTH, SAMPLE, UNIT = "T", "N", "TN", "s", "1"


class Form(Enum):
    """The part of a sequence that a value is."""

    STEP = auto()
    # The same in every step.
    STILL = auto()
    WHOLE = auto()
    # The sum of the first steps.
    SUM = auto()
    # What a decoder returns.
    DECODED = auto()


@dataclass(frozen=True)
class Value:
    """A value of the run: which node of the folded network it belongs to, and its axes."""

    node: str
    axes: tuple[str, ...]
    form: Form
    # The step, or of a sum the number of steps.
    step: int = 0
    decoder: str = ""

    @property
    def leading(self) -> int:
        """The number of axes before a sample's."""
        return sum(axis in (TIME, BATCH, BOTH, "NT") for axis in self.axes)

    @property
    def is_plain(self) -> bool:
        """Whether time and batch come first."""
        return all(axis in (SAMPLE, UNIT) for axis in self.axes[self.leading :])

    @property
    def sample_axes(self) -> int:
        """The number of a sample's axes."""
        return len(self.axes) - self.leading

    def of(self, node: str, axes: tuple[str, ...] | None = None) -> Value:
        """Return the value of another node at the same time."""
        return replace(self, node=node, axes=self.axes if axes is None else axes)

    def shaped(self, sample_axes: int) -> tuple[str, ...]:
        """Return the axes with another number of a sample's."""
        return (*self.axes[: self.leading], *[SAMPLE] * sample_axes)


@dataclass(frozen=True)
class Fixed:
    """A value that does not depend on the input."""

    tensor: Tensor

    @property
    def number(self) -> float | None:
        """The number that all of its elements are."""
        if not self.tensor.numel():
            return 0.0
        first = self.tensor.flatten()[0]
        return float(first) if bool((self.tensor == first).all()) else None


@dataclass(frozen=True)
class Buffer:
    """A tensor that is filled step by step along one axis."""

    axis: int
    steps: tuple[Value, ...]


@dataclass(frozen=True)
class Opaque:
    """A value that cannot be folded; the error is raised if the output needs it."""

    error: UnsupportedLayerError
    # The number of the call, of which the last one tells most.
    at: int


@dataclass(frozen=True)
class Start:
    """The value of weights that read zeros, before there is something to feed back."""

    # Of the module.
    path: str


@dataclass(frozen=True)
class Product:
    """A product of two values as matrices, of which attention is made."""

    first: Value
    second: Value
    scale: float = 1.0


Known = Value | Fixed | Buffer | Opaque | Start | Product
