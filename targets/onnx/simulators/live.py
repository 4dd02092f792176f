"""A graph of one step in a runtime that stays: a row in, all layers out."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program import Program
from neurodeploy.sandbox import Call, Environment, LiveWorker
from targets.onnx.read import Opened
from targets.onnx.simulators.simulate import entry_of, showing
from targets.onnx.writing.types import Type

_STEP, _RESET = b"s", b"r"
_ANSWER = np.dtype("<i8")


class LiveGraph:
    """A file of one step in a process of its own.

    Raises:
        SimulatorError: if the runtime is missing or fails.
    """

    def __init__(self, opened: Opened, environment: Environment, streams: int) -> None:
        program = opened.network
        assert isinstance(program, Program)
        model = showing(opened)
        declared = model.graph.input[0]
        self._kind = Type(declared.type.tensor_type.elem_type).numpy
        self._shapes = {key: (streams, *program.shapes[key[0]]) for key in opened.written.shown}
        row = {"shape": [streams, *program.input.shape], "type": self._kind.str}
        job = {"engine": environment.name, "live": True, "networks": [entry_of(opened)], "row": row}
        content = model.SerializeToString(deterministic=True)
        call = Call(job, {"model0": np.frombuffer(content, np.uint8)})
        self._layers: dict[str, dict[str, NDArray[Any]]] = {}
        self._output = program.output
        self._worker = LiveWorker(environment, call)

    def advance(self, row: NDArray[Any]) -> NDArray[Any]:
        """Return what the last layer sends in the next step."""
        size = _ANSWER.itemsize * sum(map(prod, self._shapes.values()))
        answer = self._worker.ask(_STEP + row.astype(self._kind).tobytes(), size)
        values, start = np.frombuffer(answer, _ANSWER), 0
        self._layers = {}
        for (layer, state), shape in self._shapes.items():
            array = values[start : start + prod(shape)].reshape(shape)
            self._layers.setdefault(layer, {})[state] = array
            start += prod(shape)
        return self._layers[self._output]["s"]

    @property
    def shown(self) -> Mapping[str, Mapping[str, NDArray[Any]]]:
        """By layer, what it sent in the last step and its states after it."""
        return self._layers

    def reset(self) -> None:
        """Start all streams anew."""
        self._worker.ask(_RESET, len(_RESET))

    def close(self) -> None:
        """End the runtime."""
        self._worker.close()
