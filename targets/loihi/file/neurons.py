"""What the loader and the simulation make of a layer's neurons and their bias."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Shape
from neurodeploy.errors import ArtifactError
from neurodeploy.program import Integers, Neuron
from snncore.dynamics.zoo.spiking import CUBA_LIF, DRIVEN_CUBA_LIF
from targets.loihi.chip.format import (
    FRACTION,
    LOIHI,
    LOIHI_DRIVEN,
    THRESHOLD_BITS,
    UNITY,
)
from targets.loihi.file.hdf5 import LayerEntry

_KINDS = ("LOIHI", "CUBA")
_DECAYS = {"current_decay": "iDecay", "voltage_decay": "vDecay"}
# A layer without neurons gets some that add up and never fire.
_WITHOUT = {"current_decay": 0, "voltage_decay": UNITY, "threshold": 1 << THRESHOLD_BITS}


def adds_up(node: Neuron) -> bool:
    """Whether it is what the loader makes of a dense layer for which the file has no neurons."""
    same = all(
        value.size == 1 and int(value.reshape(-1)[0]) == _WITHOUT[key]
        for key, value in node.parameters.items()
        if key in _WITHOUT
    )
    return same and node.equations.same_computation(CUBA_LIF)


def is_lif(node: Neuron) -> bool:
    """Whether its neurons are the chip's own, driven by spikes or by a host."""
    plain = node.equations.same_computation(CUBA_LIF) and node.system == LOIHI
    return plain or driven_by(node) is not None


def driven_by(node: Neuron) -> int | None:
    """What a host multiplies the samples by that drive it, if one does."""
    if node.system != LOIHI_DRIVEN or not node.equations.same_computation(DRIVEN_CUBA_LIF):
        return None
    return int(node.parameters["gain"].reshape(-1)[0])


def neuron_parameters(entry: LayerEntry, shape: Shape) -> dict[str, Integers]:
    """Decays and thresholds of a layer, which broadcast over its shape.

    Raises:
        ArtifactError: if the loader would not take them; names the place.
    """
    if "neuron" not in entry:
        if len(shape) > 1:
            raise ArtifactError(f"{entry.name}.neuron: is missing")
        return {key: np.array(value, dtype=np.int64) for key, value in _WITHOUT.items()}
    neuron = entry.group("neuron")
    kind = neuron.text("type")
    if kind not in _KINDS:
        if "RF" in kind:
            message = f"{kind!r} are resonators, which only dense layers with complex weights drive"
            raise ArtifactError(f"{neuron.name}: {message}")
        known = ", ".join((*_KINDS, "SDNN", "RF", "RF_PHASE"))
        raise ArtifactError(
            f"{neuron.name}: neurons of type {kind!r} are not supported; {known} are"
        )
    if "messageBits" in neuron:
        raise ArtifactError(f"{neuron.name}.messageBits: stops the loader", remedy="remove it")
    values = {name: _decay(neuron, key) for name, key in _DECAYS.items()}
    values["threshold"] = _threshold(neuron.stored_whole("vThMant"))
    return {name: _spread(value, shape, neuron.name) for name, value in values.items()}


def bias_of(entry: LayerEntry, shape: Shape, *, wraps: bool = True) -> Integers:
    """A layer's bias, which the simulation keeps in 16 bits, and wraps for LIF neurons.

    Raises:
        ArtifactError: if the loader would not take it.
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
        # The loader takes it for one a channel, and NumPy for what its axes say.
        return _torch_order(np.array(np.broadcast_to(bias, shape[::-1])), shape)
    raise ArtifactError(f"{entry.name}.bias: {bias.shape} does not fit the layer's {shape}")


def _decay(neuron: LayerEntry, key: str) -> Integers:
    values = neuron.whole(key)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > UNITY:
        wrong = low if low < 0 else high
        raise ArtifactError(f"{neuron.name}.{key}: {wrong} is no decay of 0..{UNITY}")
    return values


def _threshold(stored: NDArray[Any]) -> Integers:
    """Thresholds as the simulation scales them: an array within the type it is stored in."""
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
    """Whether NumPy broadcasts the values to the loader's (W, H, C)."""
    try:
        return np.broadcast_shapes(values.shape, shape[::-1]) == shape[::-1]
    except ValueError:
        return False


def _torch_order(values: Integers, shape: Shape) -> Integers:
    """One value a channel, or one a neuron, from the loader's (W, H, C)."""
    return values.reshape(-1, *[1] * (len(shape) - 1)) if values.ndim == 1 else values.T
