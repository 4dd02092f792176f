"""CUBA LIF neurons in the file, the loader and Lava's processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Shape
from neurodeploy.errors import ArtifactError
from neurodeploy.program import Dense, Integers, Neuron, Program
from neurodeploy.program.ranges import LayerRange
from neurodeploy.target import Finding
from snncore.dynamics import Op
from snncore.dynamics.arithmetic.interval import Interval
from snncore.dynamics.rewriting.simplify import leaves_format
from snncore.dynamics.zoo.spiking import CUBA_LIF, DRIVEN_CUBA_LIF
from targets.loihi.chip.format import (
    FORMAT,
    FRACTION,
    LOIHI,
    LOIHI_DRIVEN,
    NEVER,
    STATE_BITS,
    UNITY,
)
from targets.loihi.file.chain import ChainLayer
from targets.loihi.file.hdf5 import LayerEntry
from targets.loihi.findings import error, warning

_KINDS = ("LOIHI", "CUBA")
_DECAYS = {"current_decay": "iDecay", "voltage_decay": "vDecay"}
# A layer without neurons gets neurons that add up and never fire.
_WITHOUT = {"current_decay": 0, "voltage_decay": UNITY, "threshold": NEVER}
_REGISTERS = {
    "threshold": Interval(FORMAT.thresholds.minimum, FORMAT.thresholds.maximum),
    "current_decay": Interval(0, UNITY),
    "voltage_decay": Interval(0, UNITY),
    "bias": Interval(FORMAT.biases.minimum, FORMAT.biases.maximum),
    # The host's bias, of 16 bits.
    "gain": Interval(-(1 << 15), (1 << 15) - 1),
}
_HALF = f"2^{STATE_BITS - 1}"


def adds_up(node: Neuron) -> bool:
    """Return whether these are the loader's neurons for a dense layer without neurons."""
    same = all(
        value.size == 1 and int(value.reshape(-1)[0]) == _WITHOUT[key]
        for key, value in node.parameters.items()
        if key in _WITHOUT
    )
    return same and node.equations.same_computation(CUBA_LIF)


def is_lif(node: Neuron) -> bool:
    """Return whether these are the chip's own neurons, driven by spikes or by a host."""
    plain = node.equations.same_computation(CUBA_LIF) and node.system == LOIHI
    return plain or driven_by(node) is not None


def driven_by(node: Neuron) -> int | None:
    """Return the host's factor on the samples that drive these neurons, if there is one."""
    if node.system != LOIHI_DRIVEN or not node.equations.same_computation(DRIVEN_CUBA_LIF):
        return None
    return int(node.parameters["gain"].reshape(-1)[0])


class Cuba:
    """The chip's own neurons, of which IF and LIF are special cases."""

    counts_messages = False

    def matches(self, node: Neuron) -> bool:
        """Return whether these are the chip's own neurons."""
        return is_lif(node)

    def findings(self, layer: ChainLayer, program: Program, bits: int) -> Iterator[Finding]:
        """Yield what does not fit the registers of a layer."""
        node = layer.neuron
        shape = program.shapes[node.name]
        # A dense layer without its own neurons adds up, with a threshold beyond the register.
        sums = isinstance(layer.synapse, Dense) and adds_up(node)
        for key, limits in _REGISTERS.items():
            if key not in node.parameters:
                continue
            if sums and key == "threshold":
                continue
            values = node.parameters[key]
            yield from _register(f"{node.name}.{key}", values, limits, key)
            channels = (shape[0], *[1] * (len(shape) - 1))
            if values.size == 1 or (values.shape in (channels, shape) and key != "gain"):
                continue
            more = "" if key == "gain" else ", one a channel or one a neuron"
            words = f"{values.shape} values for a layer of {shape}"
            yield error(f"{node.name}.{key}", words, f"give one value{more}")
        if driven_by(node) is not None and layer.synapse is not None:
            message = "is driven by spikes, and a host scales what enters the network alone"
            yield error(f"{node.name}.gain", message, "use quant.CubaLIF")
        if layer.synapse is None and node.parameters["bias"].size > 1:
            message = "neurons that are driven by currents have one bias for all of them"
            yield error(f"{node.name}.bias", message, "add what differs to the currents")

    def range_findings(self, node: Neuron, proved: LayerRange) -> Iterator[Finding]:
        """Yield which registers the layer may leave."""
        equations = node.integer_equations
        bounds = proved.operations
        current = leaves_format(equations, bounds, Op.WRAP_ONCE)
        if current is not None:
            text = f"the current may reach {current.largest()}, beyond {_HALF}, and wraps"
            yield warning(node.name, text, "raise the current's decay, or scale weights down")
        voltage = leaves_format(equations, bounds, Op.CLIP)
        if voltage is not None:
            text = f"the voltage may reach {voltage.largest()}, beyond {_HALF}, and saturates"
            yield warning(node.name, text, "raise the voltage's decay, or scale weights down")

    def write(self, entry: Any, layer: ChainLayer, bits: int) -> None:
        """Write decays and thresholds."""
        # The loader gives a dense layer without neurons those that add up and never fire.
        if isinstance(layer.synapse, Dense) and adds_up(layer.neuron):
            return
        self.write_group(entry, layer.neuron.parameters)

    def write_group(self, entry: Any, parameters: Mapping[str, Integers]) -> None:
        """Write the group of a layer's neurons."""
        group = entry.create_group("neuron")
        group["type"] = np.bytes_(_KINDS[1])
        names = {**_DECAYS, "threshold": "vThMant"}
        for name, key in names.items():
            group[key] = _values(parameters[name], tuple(entry["shape"][()]))

    def require_determined(self, entries: Sequence[LayerEntry]) -> None:
        """Check nothing: every processor loads these alike."""


CUBA = Cuba()


def neuron_parameters(entry: LayerEntry, shape: Shape) -> dict[str, Integers]:
    """Return decays and thresholds of a layer, which broadcast over its shape.

    Raises:
        ArtifactError: if the loader would not accept them; names the place.
    """
    if "neuron" not in entry:
        if len(shape) > 1:
            raise ArtifactError(f"{entry.name}.neuron: is missing")
        return {key: np.array(value, dtype=np.int64) for key, value in _WITHOUT.items()}
    neuron = entry.group("neuron")
    kind = neuron.text("type")
    if kind not in _KINDS:
        if "RF" in kind:
            message = f"{kind!r} are driven by dense layers with complex weights alone"
            raise ArtifactError(f"{neuron.name}: {message}")
        kinds = ", ".join((*_KINDS, "SDNN", "RF", "RF_PHASE"))
        raise ArtifactError(
            f"{neuron.name}: neurons of type {kind!r} are not supported; {kinds} are"
        )
    if "messageBits" in neuron:
        raise ArtifactError(f"{neuron.name}.messageBits: stops the loader", remedy="remove it")
    values = {name: _decay(neuron, key) for name, key in _DECAYS.items()}
    values["threshold"] = _threshold(neuron.stored_whole("vThMant"))
    return {name: _spread(value, shape, neuron.name) for name, value in values.items()}


def bias_of(entry: LayerEntry, shape: Shape, *, wraps: bool = True) -> Integers:
    """Return a layer's bias, which the simulation stores in 16 bits, and wraps for LIF neurons.

    Raises:
        ArtifactError: if the loader would not accept it.
    """
    if "bias" not in entry:
        return np.array(0, dtype=np.int64)
    stored = entry.integers("bias")
    bias = stored.astype(np.int16).astype(np.int64)
    if not wraps and (bias != stored).any():
        raise ArtifactError(f"{entry.name}.bias: a value does not fit 16 bits")
    if len(shape) == 1 and bias.size == 1:
        return bias.reshape(())
    if bias.shape == (shape[0],) or (len(shape) > 1 and bias.shape == shape[::-1]):
        return _torch_order(bias, shape)
    if len(shape) == 1 and bias.shape == (1, *shape):
        return bias.reshape(shape)
    if len(shape) > 1 and bias.ndim and bias.shape[0] == shape[0] and _spreads(bias, shape):
        entry.afford("bias", prod(shape))
        # The loader treats it as one per channel, and NumPy as its axes say.
        return _torch_order(np.array(np.broadcast_to(bias, shape[::-1])), shape)
    raise ArtifactError(f"{entry.name}.bias: {bias.shape} does not fit the layer's {shape}")


def _decay(neuron: LayerEntry, key: str) -> Integers:
    values = neuron.whole(key)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > UNITY:
        wrong = low if low < 0 else high
        raise ArtifactError(f"{neuron.name}.{key}: {wrong} is not a decay of 0..{UNITY}")
    return values


def _threshold(stored: NDArray[Any]) -> Integers:
    """Return thresholds as the simulation scales them: an array within its stored type."""
    scaled = stored.astype(np.int64) << FRACTION
    if stored.ndim:
        scaled = scaled.astype(stored.dtype).astype(np.int64)
    return scaled >> FRACTION


def _spread(values: Integers, shape: Shape, name: str) -> Integers:
    if values.size == 1:
        return values.reshape(())
    if values.shape == (shape[0],) or (len(shape) > 1 and values.shape == shape[::-1]):
        return _torch_order(values, shape)
    raise ArtifactError(f"{name}: {values.shape} values for a layer of {shape}")


def _spreads(values: Integers, shape: Shape) -> bool:
    """Return whether NumPy broadcasts the values to the loader's (W, H, C)."""
    try:
        return np.broadcast_shapes(values.shape, shape[::-1]) == shape[::-1]
    except ValueError:
        return False


def _torch_order(values: Integers, shape: Shape) -> Integers:
    """Return one value per channel, or one per neuron, from the loader's (W, H, C)."""
    return values.reshape(-1, *[1] * (len(shape) - 1)) if values.ndim == 1 else values.T


def _register(name: str, values: Integers, limits: Interval, key: str) -> Iterator[Finding]:
    low, high = int(values.min()), int(values.max())
    if limits.low <= low and high <= limits.high:
        return
    value = low if low < limits.low else high
    remedy = "scale weights, threshold and bias down by a power of two"
    if key.endswith("decay"):
        remedy = "a decay lies between 0 and 1"
    yield error(name, f"{value} is not in {limits.low}..{limits.high} of the chip", remedy)


def _values(values: Integers, shape: tuple[int, ...]) -> Any:
    """Return one value, one per channel, or one per neuron in the loader's order (W, H, C)."""
    flat = values.reshape(-1)
    if flat.size == 1:
        return np.int64(flat[0])
    return flat.astype(np.int64) if flat.size == shape[0] else np.ascontiguousarray(values.T)
