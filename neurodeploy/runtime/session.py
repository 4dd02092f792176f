"""A session: an artifact that takes live input, one step at a time."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.errors import SamplesError, ValidationError
from neurodeploy.program import Program
from neurodeploy.runtime.latency import Latency, Stopwatch
from neurodeploy.runtime.memory import Memory
from neurodeploy.runtime.stepper import Stepper, stepper
from neurodeploy.simulator.network_view import by_network_layer
from neurodeploy.simulator.samples import checked_samples
from neurodeploy.trace import LayerTrace, Trace
from snncore.dynamics.sent import sends_spikes

# The most streams of one session.
_MOST_STREAMS = 1 << 20


class Session:
    """The network of an artifact, stepped by an engine, with its encoder and its readout.

    The input of a step has the network's shape, in the user's own units; with several `streams`,
    their number stands before it. The output is what a whole run of as many steps gives: of the
    last step, or of all steps so far where the network ends in a decoder.

    Examples:
        >>> session = nd.Session("chip")
        >>> [session.step(frame).shape for frame in x[:2, 0]]
        [(4,), (4,)]
    """

    def __init__(
        self,
        artifact: Artifact | Program | str | os.PathLike[str],
        *,
        engine: str = "fast",
        streams: int | None = None,
    ) -> None:
        self.program = _program_of(artifact)
        self.engine = engine
        if streams is not None and not 1 <= streams <= _MOST_STREAMS:
            raise ValidationError(f"{streams} streams: there are 1 to {_MOST_STREAMS:,}")
        # Without a number of streams, inputs and outputs are those of one stream.
        self._single = streams is None
        self._count = 1 if streams is None else streams
        self._stepper: Stepper = stepper(engine, self.program, self._count)
        self._stopwatch = Stopwatch()
        self._steps = np.zeros(self._count, np.int64)

    def __repr__(self) -> str:
        return f"Session({self.engine}, {self._count} streams, {self.latency})"

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End a simulator that runs beside this process; a `with` block does it too."""
        self._stepper.close()

    def step(self, values: Any) -> NDArray[Any]:
        """Take one step with its input, and return the network's output after it.

        Raises:
            SamplesError: if the input does not fit the network.
        """
        started = time.perf_counter()
        row = self._row(values)
        self._stepper.advance(row)
        self._steps += 1
        output = self.program.readout.after(self._stepper.sent(), self._steps)
        self._stopwatch.add(time.perf_counter() - started)
        return output[0] if self._single else output

    def reset(self, streams: Sequence[int] | None = None) -> None:
        """Start all streams anew, or those of these numbers.

        Raises:
            ValidationError: if there is no such stream.
        """
        if streams is None:
            self.restore(Memory.blank(self.program, self._count))
            return
        for number in streams:
            if not 0 <= number < self._count:
                raise ValidationError(f"no stream {number}; there are 0 to {self._count - 1}")
        self.restore(self.memory.without(streams))

    @property
    def memory(self) -> Memory:
        """Everything that the next steps depend on; any engine can go on from it."""
        return self._stepper.memory(self._steps.copy())

    def restore(self, memory: Memory) -> None:
        """Continue from a memory of this network, for as many streams.

        Raises:
            SamplesError: if the memory does not fit.
        """
        checked = Memory.of_arrays(self.program, self._count, memory.arrays())
        self._stepper.restore(checked)
        self._steps = checked.steps.copy()

    @property
    def steps(self) -> NDArray[np.int64]:
        """The steps that each stream has taken since it began."""
        return self._steps.copy()

    @property
    def latency(self) -> Latency:
        """The time that the steps took, from input to output."""
        return self._stopwatch.latency()

    @property
    def trace(self) -> Trace:
        """The last step of every layer, a trace (1, N, ...) of its spikes and states.

        Raises:
            ValidationError: if there was no step since the session began.
        """
        shown = self._stepper.shown
        if not self._steps.any() or not shown:
            raise ValidationError("there was no step since the session began")
        layers = {
            node.name: LayerTrace(
                {name: values[None] for name, values in shown[node.name].items()},
                sends_spikes(node.equations),
            )
            for node in self.program.layers
        }
        return by_network_layer(
            self.program, Trace(layers, self.program.output, self.program.readout)
        )

    async def follow(
        self, source: AsyncIterable[Any] | Iterable[Any]
    ) -> AsyncIterator[NDArray[Any]]:
        """Yield the output of a step for each input of a source, without blocking other tasks.

        Raises:
            SamplesError: if an input does not fit the network.
        """
        async for values in _asynchronous(source):
            yield await asyncio.to_thread(self.step, values)

    def _row(self, values: Any) -> NDArray[np.int64]:
        """Return the program's integers (N, ...) of one step's input."""
        if hasattr(values, "detach"):
            values = values.detach().cpu().numpy()
        array = np.asarray(values)
        expected = self.program.input.shape
        shape = expected if self._single else (self._count, *expected)
        if array.shape != shape:
            remedy = "" if self._single else f", {self._count} streams before {expected}"
            raise SamplesError(
                f"{self.program.input.name}: the input of a step is {array.shape}, not {shape}",
                remedy=f"give one step without time{remedy}",
            )
        whole = array[None, None] if self._single else array[None]
        row: NDArray[np.int64] = checked_samples(self.program, whole)[0]
        return row


async def _asynchronous(source: AsyncIterable[Any] | Iterable[Any]) -> AsyncIterator[Any]:
    if isinstance(source, AsyncIterable):
        async for each in source:
            yield each
        return
    for each in source:
        yield each


def _program_of(source: Artifact | Program | str | os.PathLike[str]) -> Program:
    """Return the program to run.

    Raises:
        ArtifactError: if an artifact cannot be read, or was edited.
        ValidationError: if it is a network in floats.
    """
    # The way to an artifact imports every target; a program needs none.
    from neurodeploy.flow.pipeline import read

    network = source if isinstance(source, Program) else read(source)
    if not isinstance(network, Program):
        raise ValidationError(
            "this artifact is a network in floats, and sessions run programs",
            remedy="put it on a grid with quant.prepare or `neurodeploy quantize`",
        )
    return network
