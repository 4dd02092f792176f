"""Resonators in the file, the loader and Lava's processes.

The loader converts sine and cosine to a period and a decay in floats, and back, and truncates them
to whole numbers. A whole number comes back slightly above or below itself, depending on the
processor: between one with AVX-512 and one without, 496 of 3,000 pairs differed. An additional half
in the file is truncated to the same number everywhere, so exports write it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Shape
from neurodeploy.errors import ArtifactError, SimulatorScopeError
from neurodeploy.program import Dense, Edge, Integers, Neuron, Program
from neurodeploy.program.ranges import LayerRange
from neurodeploy.target import Finding
from snncore.dynamics import Equations
from snncore.dynamics.arithmetic.interval import Interval
from snncore.dynamics.zoo.resonator import RESONATOR
from targets.loihi.chip.format import (
    ADDER_BITS,
    FORMAT,
    FRACTION,
    LOIHI_RESONATOR,
    RESETTING_RESONATOR,
    STATE_BITS,
    UNITY,
)
from targets.loihi.file.chain import ChainLayer
from targets.loihi.file.hdf5 import LayerEntry
from targets.loihi.findings import error, warning

_DECAYS = {"sine": "sinDecay", "cosine": "cosDecay"}
_REGISTERS = {
    "sine": Interval(-UNITY, UNITY),
    "cosine": Interval(-UNITY, UNITY),
    "threshold": Interval(FORMAT.thresholds.minimum, FORMAT.thresholds.maximum),
}
# The loader distinguishes them by the name of their type.
_FAMILY, _BY_PHASE = "RF", "PHASE"
# Far more than what floats change on the way.
_MARGIN = 1e-6
# Beyond this, the simulation's adders cannot hold a sum with its fraction.
_SUM_BITS = ADDER_BITS - FRACTION - 1
_LARGEST_SUM = 1 << _SUM_BITS


def kind_of(node: Neuron) -> Equations | None:
    """Return which of the two kinds it is, if it is one."""
    if node.system != LOIHI_RESONATOR:
        return None
    kinds = (RESONATOR, RESETTING_RESONATOR)
    return next((kind for kind in kinds if node.equations.same_computation(kind)), None)


def _findings(node: Neuron, weights: Sequence[Dense], shape: Shape) -> Iterator[Finding]:
    """Yield what is wrong with a layer of resonators and its two layers of weights."""
    if len(weights) != 2:
        message = "resonators are driven by two layers of dense weights, real and imaginary"
        yield error(node.name, message, "add a layer of weights for the other part")
    for part in weights:
        if part.delays is not None:
            message = "the loader ignores delays of complex weights"
            yield error(f"{part.name}.delays", message, "leave the delays out")
    for key, limits in _REGISTERS.items():
        values = node.parameters[key]
        low, high = int(values.min()), int(values.max())
        if low < limits.low or high > limits.high:
            value = low if low < limits.low else high
            message = f"{value} is not in {limits.low}..{limits.high} of the chip"
            yield error(f"{node.name}.{key}", message, "scale it down")
        if values.size > 1 and (key == "threshold" or values.shape != shape):
            words = f"{values.shape} values for a layer of {shape}"
            remedy = "give one value" + (", or one a neuron" if key != "threshold" else "")
            yield error(f"{node.name}.{key}", words, remedy)


class _Resonator:
    """Resonate and fire, driven by dense layers of complex weights."""

    counts_messages = False

    def matches(self, node: Neuron) -> bool:
        """Return whether these neurons are resonators."""
        return kind_of(node) is not None

    def findings(self, layer: ChainLayer, program: Program, bits: int) -> Iterator[Finding]:
        """Yield what is wrong with a layer of resonators and its two layers of weights."""
        weights = [node for node in layer.weights if isinstance(node, Dense)]
        return _findings(layer.neuron, weights, program.shapes[layer.neuron.name])

    def range_findings(self, node: Neuron, proved: LayerRange) -> Iterator[Finding]:
        """Yield what may leave the simulation's registers."""
        if proved.drive.largest() >= _LARGEST_SUM:
            reached = f"a sum may reach {proved.drive.largest()}, beyond {_SUM_BITS} bits"
            yield error(node.name, f"{reached}, and wraps with its fraction", "use smaller weights")
        sine, cosine = (abs(node.parameters[key]).max() for key in ("sine", "cosine"))
        # A step leaves less than the whole state, so its sums stay below this bound.
        left = float(np.hypot(sine, cosine)) / UNITY
        reached = np.sqrt(2) * (1 << FRACTION) * proved.drive.largest() / max(1 - left, 1e-9)
        if reached >= 1 << (STATE_BITS - 1):
            message = f"the state may reach 2^{STATE_BITS - 1}, and saturates"
            yield warning(node.name, message, "let it decay faster, or scale the weights down")

    def write(self, entry: Any, layer: ChainLayer, bits: int) -> None:
        """Write the neurons of a layer, so that every loader finds the same numbers."""
        node = layer.neuron
        group = entry.create_group("neuron")
        group["type"] = np.bytes_("RF_PHASE" if kind_of(node) is RESONATOR else "RF")
        for name, key in _DECAYS.items():
            values = node.parameters[name]
            group[key] = values + np.sign(values) / 2
        group["vThMant"] = np.int64(node.parameters["threshold"])

    def require_determined(self, entries: Sequence[LayerEntry]) -> None:
        """Check that every processor loads the same numbers.

        Raises:
            SimulatorScopeError: otherwise; names the layer.
        """
        name = _undetermined(entries)
        if name is not None:
            raise SimulatorScopeError(
                f"{name}.neuron: its sine and cosine are whole numbers, which Lava's loader takes "
                "through floats; whether one less comes back depends on the processor",
                remedy="export the network again (convert, then export): the file then holds a "
                "half more, which is cut down alike everywhere",
            )

    def is_type(self, name: str) -> bool:
        """Return whether the loader makes resonators of a type of neurons."""
        return _FAMILY in name

    def read(
        self, entry: LayerEntry, edges: tuple[Edge, ...], exponent: int, shape: Shape
    ) -> Neuron:
        """Return the neurons of a layer; a whole decay keeps its value, however it is loaded.

        Raises:
            ArtifactError: if the loader would not accept them.
        """
        group = entry.group("neuron")
        equations = RESONATOR if _BY_PHASE in group.text("type") else RESETTING_RESONATOR
        if "messageBits" in group:
            raise ArtifactError(f"{group.name}.messageBits: stops the loader", remedy="remove it")
        values = {name: _decay(group, key, shape) for name, key in _DECAYS.items()}
        values["threshold"] = _threshold(group)
        ports = equations.inputs
        return Neuron(entry.name, edges, equations, LOIHI_RESONATOR, values, exponent, ports)


RESONATORS = _Resonator()


def _undetermined(entries: Sequence[LayerEntry]) -> str | None:
    for entry in entries:
        if "neuron" not in entry or not RESONATORS.is_type(entry.group("neuron").text("type")):
            continue
        sine, cosine = (entry.group("neuron").numbers(key) for key in _DECAYS.values())
        # A state that is only halved, or not turned at all, goes through floats unchanged.
        certain = (_is_certain(sine) & _is_certain(cosine)) | ((sine == 0) & (cosine >= 0))
        if not certain.all():
            return entry.name
    return None


def _is_certain(values: NDArray[Any]) -> NDArray[np.bool_]:
    near = np.abs(values - np.rint(values))
    certain: NDArray[np.bool_] = (near > _MARGIN) | (values == 0)
    return certain


def _decay(group: LayerEntry, key: str, shape: Shape) -> Integers:
    values: Integers = np.trunc(group.numbers(key)).astype(np.int64)
    limits = _REGISTERS["sine"]
    if values.min() < limits.low or values.max() > limits.high:
        worst = values.reshape(-1)[int(np.abs(values).argmax())]
        raise ArtifactError(f"{group.name}.{key}: {worst} is not in {limits.low}..{limits.high}")
    if values.size == 1:
        return values.reshape(())
    if values.shape != shape:
        raise ArtifactError(f"{group.name}.{key}: {values.shape} values for a layer of {shape}")
    return values


def _threshold(group: LayerEntry) -> Integers:
    stored = group.numbers("vThMant")
    value = stored.reshape(-1)[0]
    limits = _REGISTERS["threshold"]
    if stored.size != 1 or value != np.rint(value) or not limits.low <= value <= limits.high:
        raise ArtifactError(
            f"{group.name}.vThMant: {stored.tolist()} is not a whole number of "
            f"{limits.low}..{limits.high}"
        )
    return np.array(int(value))
