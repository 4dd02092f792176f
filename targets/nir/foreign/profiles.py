"""The readings of NIR: what the format leaves open, as each framework fills it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from neurodeploy.errors import ValidationError
from targets.nir.foreign.neurons import (
    lava,
    norse,
    rockpool,
    sinabs,
    snntorch,
    spec,
    spikingjelly,
)
from targets.nir.foreign.neurons.cell import Cell, Layer
from targets.nir.foreign.neurons.written import Form
from targets.nir.foreign.primitives import WRITE


@dataclass(frozen=True)
class Profile:
    """A reading of NIR, and in words what it takes for granted."""

    name: str
    title: str
    cells: Mapping[str, Callable[[Layer], Cell]]
    reset: str
    fires: str
    decay: str
    r: str
    # The primitives without neurons that the framework reads; others are read as NIR says.
    reads: frozenset[str]
    # The neurons of its own that are written again.
    forms: tuple[Form, ...] = ()
    # The seconds of a step that the framework fixes; 1 where its time constants count steps.
    dt: float | None = None
    in_steps: bool = False
    # Whether a bias on the way back of a loop counts in the first step.
    bias_at_start: bool = False
    # Whether the axes of a Flatten count the batch.
    flatten_counts_batch: bool = False
    # Whether zeros stand around pools whose padding says so.
    pads_pools: bool = True

    def changes(self, kind: str, numbers: Mapping[str, NDArray[Any]]) -> str | None:
        """Return what the framework makes of a node without neurons, if it is not what NIR says."""
        if kind not in self.reads:
            return f"does not read a {kind}"
        if kind == "Flatten" and self.flatten_counts_batch:
            return "counts the axes of a Flatten with the batch"
        padded = "padding" in numbers and numbers["padding"].any()
        if padded and kind == "SumPool2d" and not self.pads_pools:
            return "leaves out the zeros around a SumPool2d"
        return None

    def words(self) -> str:
        """Return the reading in a sentence."""
        return (
            f"read as {self.title} does: {self.reset} reset, fires {self.fires} the threshold, "
            f"{self.decay} decay, r {self.r}"
        )


# The reading of the format's own documentation.
SPEC = "spec"
_EULER, _EXPONENTIAL = "Euler", "exponential"
ABOVE, AT = "above", "at"
_COMMON = ("Affine", "Linear", "Conv2d", "Flatten")
_EVERY = frozenset(WRITE)
_ALL = (
    Profile(
        *(SPEC, "nir 1.0.8's own documentation", spec.CELLS),
        *("hard", ABOVE, _EULER, "multiplies the input"),
        reads=_EVERY,
        bias_at_start=True,
    ),
    Profile(
        *("snntorch", "snnTorch 1.0", snntorch.CELLS),
        *("hard", ABOVE, _EULER, "divides the threshold"),
        forms=snntorch.FORMS,
        reads=frozenset({*_COMMON, "AvgPool2d"}),
        dt=1e-4,
        bias_at_start=True,
        flatten_counts_batch=True,
    ),
    Profile(
        *("norse", "Norse 1.1", norse.CELLS),
        *("hard", ABOVE, _EULER, "is ignored but in CubaLIF"),
        forms=norse.FORMS,
        reads=frozenset({*_COMMON, "SumPool2d"}),
        flatten_counts_batch=True,
        pads_pools=False,
    ),
    Profile(
        *("sinabs", "sinabs 3.1", sinabs.CELLS),
        *("soft", AT, _EXPONENTIAL, "is ignored"),
        forms=sinabs.FORMS,
        reads=frozenset({"Affine", "Conv2d", "SumPool2d", "Flatten"}),
        pads_pools=False,
        dt=1.0,
        in_steps=True,
    ),
    Profile(
        *("rockpool", "Rockpool 3.1", rockpool.CELLS),
        *("soft", AT, _EXPONENTIAL, "gives the time step"),
        forms=rockpool.FORMS,
        reads=frozenset({"Affine", "Linear"}),
        dt=1.0,
        in_steps=True,
    ),
    Profile(
        *("spikingjelly", "SpikingJelly 2.0", spikingjelly.CELLS),
        *("hard", AT, _EULER, "is 1 or tau / dt"),
        forms=spikingjelly.FORMS,
        reads=frozenset({*_COMMON, "Conv1d", "AvgPool2d"}),
    ),
    Profile(
        *("lava", "the converter of NIR's paper to Lava", lava.CELLS),
        *("hard", ABOVE, _EULER, "is ignored"),
        forms=lava.FORMS,
        reads=frozenset({"Affine", "Linear"}),
        dt=1e-4,
    ),
)
PROFILES: Mapping[str, Profile] = {profile.name: profile for profile in _ALL}


def profile_named(name: str) -> Profile:
    """Return a reading.

    Raises:
        ValidationError: if there is none of that name; lists those there are.
    """
    if name not in PROFILES:
        raise ValidationError(
            f"--profile {name!r:.40}: there is no such reading of NIR",
            remedy=f"choose one of {', '.join(PROFILES)}",
        )
    return PROFILES[name]
