"""Lava's arithmetic, written plainly from section 3 of the facts, and its files."""

import io
from dataclasses import dataclass, field

import h5py
import numpy as np


@dataclass(frozen=True)
class Layer:
    """One entry of a `.net` file, as plain numbers."""

    kind: str
    shape: tuple[int, ...]
    weight: np.ndarray | None = None
    bias: np.ndarray | None = None
    neuron: tuple[int, int, int] | None = None
    conv: dict[str, tuple[int, int]] = field(default_factory=dict)
    groups: int = 1
    more: dict[str, np.ndarray] = field(default_factory=dict)


def net_bytes(layers: list[Layer]) -> bytes:
    """The layers as a `.net` file."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for index, layer in enumerate(layers):
            group = file.create_group(f"layer/{index}")
            group["type"], group["shape"] = np.bytes_(layer.kind), layer.shape
            arrays = {"weight": layer.weight, "bias": layer.bias, **layer.more}
            for name, array in arrays.items():
                if array is not None:
                    group[name] = array
            if layer.kind == "conv":
                group["groups"] = layer.groups
                for name, pair in layer.conv.items():
                    group[name] = pair
            if layer.neuron is not None:
                group["neuron/type"] = np.bytes_("CUBA")
                for name, value in zip(("iDecay", "vDecay", "vThMant"), layer.neuron, strict=True):
                    group[f"neuron/{name}"] = value
    return buffer.getvalue()


def convolve(layer: Layer, spikes: np.ndarray) -> np.ndarray:
    """A convolution written as its definition, wrapped to 24 bits."""
    stride, padding, dilation = (layer.conv[name] for name in ("stride", "padding", "dilation"))
    pads = [(0, 0), (0, 0), *((pad, pad) for pad in padding)]
    padded = np.pad(spikes, pads)
    out = np.zeros((len(spikes), *layer.shape), np.int64)
    per_in, per_out = layer.weight.shape[1], layer.shape[0] // layer.groups
    for c, y, x in np.ndindex(*layer.shape):
        first = c // per_out * per_in
        rows = y * stride[0] + np.arange(layer.weight.shape[2]) * dilation[0]
        columns = x * stride[1] + np.arange(layer.weight.shape[3]) * dilation[1]
        patch = padded[:, first : first + per_in][:, :, rows[:, None], columns]
        out[:, c, y, x] = (patch * layer.weight[c]).sum((1, 2, 3))
    return (out + 2**23) % 2**24 - 2**23


def delayed(spikes: np.ndarray, delay: np.ndarray | None) -> np.ndarray:
    """The spikes of each input so many steps later."""
    if delay is None:
        return spikes
    late = np.zeros_like(spikes)
    for neuron, steps in enumerate(delay):
        late[steps:, :, neuron] = spikes[: len(spikes) - steps, :, neuron]
    return late


def decayed(state: np.ndarray, decay: int) -> np.ndarray:
    """Return the rest of a state after a step, rounded towards zero."""
    return np.sign(state) * (abs(state) * (4096 - decay) >> 12)


def int32(value: np.ndarray) -> np.ndarray:
    """The value as 32 bits hold it."""
    return (value + 2**31) % 2**32 - 2**31


def reference(layers: list[Layer], samples: np.ndarray) -> list[dict[str, np.ndarray]]:
    """Every layer's spikes and states, from section 3 of the facts."""
    traces: list[dict[str, np.ndarray]] = []
    signal = samples.astype(np.int64)
    for layer in layers:
        if layer.neuron is None:
            continue
        currents = signal
        if layer.kind.startswith("dense"):
            flat = delayed(signal.reshape(*signal.shape[:2], -1), layer.more.get("delay"))
            currents = flat @ layer.weight.T
        elif layer.kind == "conv":
            currents = np.stack([convolve(layer, step) for step in signal])
        traces.append(neurons(layer, currents))
        signal = traces[-1]["s"].astype(np.int64)
    return traces


def neurons(layer: Layer, currents: np.ndarray) -> dict[str, np.ndarray]:
    """The neurons of one layer over all steps, each sample from rest."""
    i_decay, v_decay, threshold = layer.neuron
    bias = np.zeros(1, np.int64) if layer.bias is None else layer.bias
    bias = bias.reshape(-1, *(1,) * (len(layer.shape) - 1)) << 6
    u = v = s = np.zeros_like(currents[0])
    rows: list[tuple[np.ndarray, ...]] = []
    for a in currents:
        if "weight_rec" in layer.more:
            a = a + s @ layer.more["weight_rec"].T
        u = int32(decayed(u, i_decay) + int32(a << 6))
        u = np.where(u > 2**23, u - 2**24, np.where(u <= -(2**23), u + 2**24, u))
        v = np.clip(int32(decayed(v, v_decay) + u + bias), 1 - 2**23, 2**23 - 1)
        s = v > threshold << 6
        v = np.where(s, 0, v)
        rows.append((s, u, v))
    return {name: np.stack(part) for name, part in zip("suv", zip(*rows, strict=True), strict=True)}
