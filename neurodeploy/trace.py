"""Traces: a network's activity, layer by layer and step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.readout import Readout
from neurodeploy.errors import SamplesError, UnknownNameError

Values = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """The output of one layer, `s`, and its states, if they are shown: arrays (T, N, ...)."""

    values: Mapping[str, NDArray[Any]]
    # Whether `s` holds spikes; the neurons of a readout may output their voltages instead.
    spiking: bool = True

    def __getattr__(self, name: str) -> NDArray[Any]:
        values: Mapping[str, NDArray[Any]] = self.__dict__.get("values", {})
        if name in values:
            return values[name]
        raise AttributeError(f"this layer shows {sorted(values)}, not {name}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.values})

    def called(self, name: str) -> str:
        """Return the name of values for a reader: `s` means spikes, or the output."""
        return "output" if name == "s" and not self.spiking else name

    def __repr__(self) -> str:
        shown = ", ".join(f"{key} {value.shape}" for key, value in self.values.items())
        return f"LayerTrace({shown})"


@dataclass(frozen=True, eq=False)
class Trace:
    """The outputs `s` and states by layer; row t answers input t."""

    layers: Mapping[str, LayerTrace]
    output_layer: str
    readout: Readout = field(default_factory=Readout)

    @property
    def output(self) -> NDArray[Any]:
        """The network's output: (T, N, ...) of the last layer, or (N, ...) after a decoder.

        Spikes are whole numbers; what a readout shows is in the units of training.
        """
        return self.readout.output(self.layers[self.output_layer].values["s"])

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
        """Return the number of spikes in all layers; other values do not count."""
        spiking = [layer.values for layer in self.layers.values() if layer.spiking]
        return sum(int(np.count_nonzero(shown["s"])) for shown in spiking if "s" in shown)

    @property
    def silent(self) -> bool:
        """Whether no neuron sent anything, neither a spike nor a value."""
        shown = (layer.values for layer in self.layers.values())
        # A layer that was run only for its sums shows those.
        return not any(values.get("s", next(iter(values.values()))).any() for values in shown)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return every array under `<layer>.<state>`, and `output`."""
        named = {
            f"{name}.{key}": value
            for name, layer in self.layers.items()
            for key, value in layer.values.items()
        }
        return {"output": self.output} | named


def accuracy(trace: Trace, labels: NDArray[Any]) -> float:
    """Return the share of samples whose largest output, summed over steps, is the label's.

    Raises:
        SamplesError: if the number of labels is not the number of samples.
    """
    output = trace.output
    wide = np.float64 if output.dtype.kind == "f" else np.int64
    totals = output if trace.readout.over_time else output.sum(axis=0, dtype=wide)
    if labels.shape != (len(totals),):
        raise SamplesError(f"labels are {labels.shape}, and there are {len(totals)} samples")
    return float((totals.reshape(len(totals), -1).argmax(axis=1) == labels).mean())
