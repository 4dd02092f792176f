"""Events become frames as they come, whatever the pieces that they come in."""

import asyncio

import numpy as np
import pytest

from neurodeploy.errors import SamplesError, ValidationError
from neurodeploy.program import Input, Program, Signal
from neurodeploy.runtime import EventFrames
from snncore.data.events import EVENT, events
from tests.unit.programs import neurons


def camera(signal: Signal = Signal.SPIKES, shape: tuple[int, ...] = (2, 3, 4)) -> Program:
    return Program((Input("in", shape, signal), neurons("n", "in")), "n")


def recording(count: int = 200) -> np.ndarray:
    rng = np.random.default_rng(0)
    columns = rng.integers(0, 1000, count), rng.integers(0, 4, count), rng.integers(0, 3, count)
    return events(*columns, rng.integers(0, 2, count))


def by_hand(sensed: np.ndarray, duration: int, *, binary: bool) -> np.ndarray:
    begin = sensed["t"][0]
    frames = np.zeros(((sensed["t"][-1] - begin) // duration + 1, 2, 3, 4), np.int64)
    for event in sensed:
        frames[(event["t"] - begin) // duration, event["p"], event["y"], event["x"]] += 1
    return np.minimum(frames, 1) if binary else frames


@pytest.mark.parametrize("signal", Signal)
@pytest.mark.parametrize("piece", [1, 7, 200])
def test_pieces_give_the_frames_of_the_whole(piece: int, signal: Signal) -> None:
    sensed = recording()
    frames = EventFrames(camera(signal), 90)
    pieces = [
        frame
        for start in range(0, len(sensed), piece)
        for frame in frames.add(sensed[start : start + piece])
    ]
    pieces.append(frames.flush())
    assert np.array_equal(pieces, by_hand(sensed, 90, binary=signal == Signal.SPIKES))
    assert frames.late == 0


def test_a_gap_is_empty_frames_and_late_events_are_counted() -> None:
    frames = EventFrames(camera(shape=(4,)), 10)
    assert list(frames.add(events([5], [1]))) == []
    first, second, third = frames.add(events([36], [2]))
    assert first.tolist() == [0, 1, 0, 0]
    assert not second.any()
    assert not third.any()
    assert list(frames.add(events([7], [3]))) == []
    assert frames.late == 1
    assert frames.flush().tolist() == [0, 0, 1, 0]


def test_a_source_of_events_is_followed() -> None:
    sensed = recording()

    async def frames() -> list[np.ndarray]:
        frames_of = EventFrames(camera(), 250).follow([sensed[:50], sensed[50:]])
        return [frame async for frame in frames_of]

    assert np.array_equal(asyncio.run(frames()), by_hand(sensed, 250, binary=True))


def test_what_is_not_on_the_sensor() -> None:
    frames = EventFrames(camera(), 10)
    with pytest.raises(SamplesError, match=r"events.x: 4 is not below 4"):
        list(frames.add(events([0], [4])))
    with pytest.raises(SamplesError, match="t and x are needed"):
        list(frames.add(np.zeros(3)))
    list(frames.add(events([0], [0])))
    with pytest.raises(SamplesError, match="unit of t"):
        list(frames.add(events([1 << 40], [0])))
    assert list(frames.add(np.zeros(0, EVENT))) == []
    with pytest.raises(ValidationError, match="above zero"):
        EventFrames(camera(), 0)
    with pytest.raises(ValidationError, match="shape of a sensor"):
        EventFrames(camera(shape=(1, 2, 3, 4)), 10)
