"""Events of a sensor as they come, summed to the inputs of steps."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import SamplesError, ValidationError
from neurodeploy.program import Program, Signal

# A gap between events is filled with this many empty steps at most.
_MOST_EMPTY = 1 << 20


class EventFrames:
    """Frames of equal duration, from events with the fields t, x, and maybe y and p.

    A frame has the network's input shape: (P, H, W), (H, W), or as many values as addresses x.
    It is complete when an event after its end has come. Frames of a network that takes spikes
    have 0 or 1 at every address, others the number of events. `late` counts events that came
    after their frame was complete, and were left out.
    """

    def __init__(self, program: Program, duration: int) -> None:
        if duration <= 0:
            raise ValidationError(f"frames of {duration}: a duration is above zero")
        if program.input.encoding is not None:
            words = "takes values through its encoder, and events are counts"
            raise ValidationError(f"{program.input.name}: {words}")
        shape = program.input.shape
        # Behind as many ones as are missing: polarities, height, width.
        self._sensor = (1,) * (3 - len(shape)) + shape if len(shape) < 3 else shape
        if len(self._sensor) != 3:
            raise ValidationError(f"{program.input.name}: {shape} is not the shape of a sensor")
        self._shape, self._binary = shape, program.input.signal == Signal.SPIKES
        self._duration = duration
        self._counts = np.zeros(prod(shape), np.int64)
        self._begin: int | None = None
        self.late = 0

    def add(self, events: NDArray[Any]) -> Iterator[NDArray[np.int64]]:
        """Yield the frames that are complete with these events.

        Raises:
            SamplesError: if the events have no t and x, or one is not on the sensor.
        """
        times, addresses = self._columns(events)
        if not len(times):
            return
        if self._begin is None:
            self._begin = int(times.min())
        early = times < self._begin
        self.late += int(early.sum())
        frame = (times[~early] - self._begin) // self._duration
        addresses = addresses[~early]
        if len(frame) and frame.max() > _MOST_EMPTY:
            raise SamplesError(f"events: a gap of {frame.max():,} frames; is the unit of t right?")
        for number in range(int(frame.max(initial=0))):
            self._count(addresses[frame == number])
            yield self.flush()
        self._count(addresses[frame == frame.max(initial=0)])

    def flush(self) -> NDArray[np.int64]:
        """Return the frame that is not complete yet, and begin the next one."""
        counts, self._counts = self._counts, np.zeros_like(self._counts)
        if self._begin is not None:
            self._begin += self._duration
        return (np.minimum(counts, 1) if self._binary else counts).reshape(self._shape)

    async def follow(
        self, source: AsyncIterable[NDArray[Any]] | Iterable[NDArray[Any]]
    ) -> AsyncIterator[NDArray[np.int64]]:
        """Yield the frames of a source of events, and the last one when it ends."""
        if isinstance(source, AsyncIterable):
            async for events in source:
                for frame in self.add(events):
                    yield frame
        else:
            for events in source:
                for frame in self.add(events):
                    yield frame
        yield self.flush()

    def _count(self, addresses: NDArray[np.int64]) -> None:
        self._counts += np.bincount(addresses, minlength=len(self._counts))

    def _columns(self, events: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return times and flat addresses of events."""
        names = events.dtype.names or ()
        if not {"t", "x"} <= set(names):
            raise SamplesError(f"events: the fields t and x are needed, and these have {names}")
        address = np.zeros(len(events), np.int64)
        for name, length in zip("pyx", self._sensor, strict=True):
            column = events[name].astype(np.int64) if name in names else np.zeros_like(address)
            outside = (column < 0) | (column >= length)
            if outside.any():
                value = column[outside][0]
                raise SamplesError(f"events.{name}: {value} is not below {length}")
            address = address * length + column
        return events["t"].astype(np.int64), address
