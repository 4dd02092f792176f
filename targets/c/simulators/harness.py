"""A main around a network that shows every spike and state of every step, as bytes.

The harness takes samples and gives values through `nd_get` and `nd_put`, which each judge defines
in its own way: files on a host, memory in an emulator.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import SimulatorError
from neurodeploy.trace import LayerTrace, Trace
from snncore.dynamics.sent import sends_spikes
from targets.c.text.memory import Value
from targets.c.text.network import Network
from targets.c.text.neurons import Layer


@dataclass(frozen=True)
class Shown:
    """Bytes that the harness gives in every step: an array of a layer."""

    layer: Layer
    key: str
    expression: str
    length: int
    kind: np.dtype[np.generic]
    is_bits: bool

    @property
    def size(self) -> int:
        """The bytes of one step."""
        return self.length * self.kind.itemsize

    def values(self, column: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the values in bytes (..., size)."""
        if not self.is_bits:
            return column.view(self.kind).astype(np.int64)
        bits = np.unpackbits(column, axis=-1, bitorder="little")
        return bits[..., : self.layer.size].astype(np.int64)


def shown(network: Network) -> list[Shown]:
    """Return all that the harness gives in one step, in order."""
    rows = []
    for layer in network.layers:
        value = network.memory.values[layer.node.name]
        kind = np.dtype(f"<{'u4' if value.is_bits else f'i{value.bytes_a_word}'}")
        rows.append(Shown(layer, "s", _written_slot(value), value.words, kind, value.is_bits))
        for state, bits in layer.step.stored.items():
            field = f"n->{layer.state_field(state)}"
            rows.append(Shown(layer, state, field, layer.size, np.dtype(f"<i{bits // 8}"), False))
    return rows


def _written_slot(value: Value) -> str:
    """Return the slot that the last step wrote; the ring has moved on since."""
    return value.pointer(1) if value.slots > 1 else value.pointer()


def harness(network: Network) -> str:
    """Return the harness of a network: `nd_run` takes the numbers of steps and of samples."""
    return _written([f"nd_put({each.expression}, {each.size});" for each in shown(network)])


def bare_harness() -> str:
    """Return a harness that gives the outputs alone."""
    return _written([])


def _written(puts: list[str]) -> str:
    named = ["    const nd_network *const n = &network;"] if puts else []
    lines = [
        '#include "network.h"',
        "",
        "void nd_get(void *to, uint32_t size);",
        "void nd_put(const void *from, uint32_t size);",
        "void nd_run(int32_t steps, int32_t samples);",
        "",
        "static nd_network network;",
        "static int32_t input[ND_INPUTS], output[ND_OUTPUTS];",
        "",
        "void nd_run(int32_t steps, int32_t samples)",
        "{",
        *named,
        "    int32_t step, sample;",
        "    for (sample = 0; sample < samples; sample++) {",
        "        nd_init(&network);",
        "        for (step = 0; step < steps; step++) {",
        "            nd_get(input, sizeof input);",
        "            nd_step(&network, input, output);",
        "            nd_put(output, sizeof output);",
        *(f"            {put}" for put in puts),
        "        }",
        "    }",
        "}",
        "",
    ]
    return "\n".join(lines)


def step_bytes(network: Network) -> int:
    """Return the bytes that the harness gives in one step."""
    return 4 * network.memory.values[network.program.output].size + sum(
        each.size for each in shown(network)
    )


def trace_of(network: Network, content: bytes, steps: int, samples: int) -> Trace:
    """Return the trace in the bytes of a run.

    Raises:
        SimulatorError: if they are not those of such a run, or the output is not the last layer's.
    """
    rows = np.frombuffer(content, np.uint8)
    if rows.size != steps * samples * step_bytes(network):
        raise SimulatorError(
            f"the harness gave {rows.size} bytes, not {steps * samples * step_bytes(network)}",
            remedy="see its output",
        )
    rows = rows.reshape(samples, steps, -1)
    last, *columns = _columns(network, rows)
    layers: dict[str, dict[str, NDArray[np.int64]]] = {}
    for each, column in zip(shown(network), columns, strict=True):
        values = each.values(column).transpose(1, 0, 2)
        shape = (steps, samples, *each.layer.shape)
        layers.setdefault(each.layer.node.name, {})[each.key] = values.reshape(shape)
    sent = last.view(np.dtype("<i4")).astype(np.int64).transpose(1, 0, 2)
    output = layers[network.program.output]["s"]
    if (sent.reshape(output.shape) != output).any():
        raise SimulatorError("the output of nd_step is not what the last layer sends")
    spiking = {layer.node.name: sends_spikes(layer.node.equations) for layer in network.layers}
    traces = {name: LayerTrace(values, spiking[name]) for name, values in layers.items()}
    return Trace(traces, network.program.output)


def _columns(network: Network, rows: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Yield the bytes of the output, then those of every array that is shown."""
    start = 0
    sizes = [4 * network.memory.values[network.program.output].size]
    for size in [*sizes, *(each.size for each in shown(network))]:
        yield np.ascontiguousarray(rows[:, :, start : start + size])
        start += size
