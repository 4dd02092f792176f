"""The two files of a network, compiled for this machine and called by their own interface.

C99 that is also C++ goes through the compiler, and the cache, of the kernels.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import SimulatorError
from snncore.kernels.cpp.build import CompilerError, load
from targets.c.compile import HEADER, SOURCE, texts_of
from targets.c.simulators.harness import Shown, shown
from targets.c.text.network import Network

Pointer = ctypes.c_void_p
_INCLUDE = f'#include "{HEADER}"'


class LiveC:
    """A network in this process, one struct for each stream.

    Raises:
        SimulatorError: if there is no compiler.
    """

    def __init__(self, network: Network, streams: int) -> None:
        program = network.program
        self._arrays = shown(network)
        try:
            self._library = load(_source(network, self._arrays))
        except CompilerError as error:
            raise SimulatorError(
                f"this machine's compiler: {error}", remedy="install gcc, clang or ziglang"
            ) from error
        self._library.nd_live_size.restype = ctypes.c_size_t
        self._streams = streams
        # Eight bytes at a time, so that every field lies where the processor wants it.
        words = -(-int(self._library.nd_live_size()) // 8)
        self._structs = np.zeros((streams, words), np.uint64)
        self._output = np.zeros((streams, *program.shapes[program.output]), np.int32)
        self.reset()

    def advance(self, row: NDArray[Any]) -> NDArray[Any]:
        """Return what the last layer sends in the next step."""
        values = np.ascontiguousarray(row, np.int32)
        self._library.nd_live_step(
            Pointer(self._structs.ctypes.data),
            ctypes.c_int32(self._streams),
            ctypes.c_size_t(self._structs.strides[0]),
            Pointer(values.ctypes.data),
            Pointer(self._output.ctypes.data),
        )
        return self._output

    @property
    def shown(self) -> Mapping[str, Mapping[str, NDArray[Any]]]:
        """By layer, what it sent in the last step and its states after it."""
        layers: dict[str, dict[str, NDArray[Any]]] = {}
        for number, each in enumerate(self._arrays):
            rows = np.zeros((self._streams, each.size), np.uint8)
            for struct, row in zip(self._structs, rows, strict=True):
                self._library.nd_live_show(
                    Pointer(struct.ctypes.data), ctypes.c_int32(number), Pointer(row.ctypes.data)
                )
            shape = (self._streams, *each.layer.shape)
            values = each.values(rows).reshape(shape)
            layers.setdefault(each.layer.node.name, {})[each.key] = values
        return layers

    def reset(self) -> None:
        """Start all streams anew."""
        for struct in self._structs:
            self._library.nd_init(Pointer(struct.ctypes.data))

    def close(self) -> None:
        """Leave everything to Python: nothing runs beside this process."""


# Steps several streams, and shows one array of a layer.
_GLUE = """
size_t nd_live_size(void) { return sizeof(nd_network); }

void nd_live_step(
    char *networks, int32_t count, size_t apart, const int32_t *input, int32_t *output)
{
    for (int32_t i = 0; i < count; i++) {
        nd_step((nd_network *)(networks + i * apart), input, output);
        input += ND_INPUTS;
        output += ND_OUTPUTS;
    }
}

void nd_live_show(const nd_network *n, int32_t number, char *to)
{
    switch (number) {
%s
    }
}
"""


def _source(network: Network, arrays: list[Shown]) -> str:
    """Return one source of the two files, and what steps several streams and shows layers."""
    texts = texts_of(network)
    cases = [
        f"    case {number}: memcpy(to, {each.expression}, {each.size}); break;"
        for number, each in enumerate(arrays)
    ]
    parts = (texts[HEADER], texts[SOURCE].replace(_INCLUDE, ""), _GLUE % "\n".join(cases))
    return "\n".join(["#include <stddef.h>", "#include <string.h>", 'extern "C" {', *parts, "}"])
