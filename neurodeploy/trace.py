"""Traces: what a network did, layer by layer and step by step, as integers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import SamplesError, UnknownNameError

Values = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """One layer's spikes and, where they are shown, its states: arrays shaped (T, N, ...)."""

    values: Mapping[str, NDArray[Any]]

    def __getattr__(self, name: str) -> NDArray[Any]:
        values: Mapping[str, NDArray[Any]] = self.__dict__.get("values", {})
        if name in values:
            return values[name]
        raise AttributeError(f"this layer shows {sorted(values)}, not {name}")

    def __repr__(self) -> str:
        shown = ", ".join(f"{key} {value.shape}" for key, value in self.values.items())
        return f"LayerTrace({shown})"


@dataclass(frozen=True, eq=False)
class Trace:
    """Spikes `s` and states by layer; row t answers input t."""

    layers: Mapping[str, LayerTrace]
    output_layer: str

    @property
    def output(self) -> NDArray[Any]:
        """The spikes of the last layer, (T, N, ...)."""
        return self.layers[self.output_layer].values["s"]

    def __getitem__(self, name: str) -> LayerTrace:
        if name not in self.layers:
            raise UnknownNameError(f"no layer {name}; there are {', '.join(self.layers)}")
        return self.layers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}: {value!r}" for name, value in self.layers.items())
        return f"Trace({shown})"

    def spikes(self) -> int:
        """How many spikes there are in all."""
        shown = (layer.values["s"] for layer in self.layers.values() if "s" in layer.values)
        return sum(int(np.count_nonzero(spikes)) for spikes in shown)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array under `<layer>.<state>`, and `output`."""
        named = {
            f"{name}.{key}": value
            for name, layer in self.layers.items()
            for key, value in layer.values.items()
        }
        return {"output": self.output} | named


def accuracy(output: NDArray[Any], labels: NDArray[Any]) -> float:
    """The share of samples whose most active output (T, N, ...) is the label's.

    Raises:
        SamplesError: if there are not as many labels as samples.
    """
    if labels.shape != (output.shape[1],):
        raise SamplesError(f"labels are {labels.shape}, and there are {output.shape[1]} samples")
    counts = output.sum(axis=0, dtype=np.int64).reshape(output.shape[1], -1)
    return float((counts.argmax(axis=1) == labels).mean())
