"""Events, their frames and augmentations: every event is counted once, where it belongs."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from snncore import data

SIZE = (6, 5, 2)


def drawn(count: int = 500, seed: int = 0) -> data.Events:
    random = np.random.default_rng(seed)
    columns = [random.integers(0, length, count) for length in (10_000, *SIZE)]
    return data.events(*columns)


def brute_force(events: data.Events, edges: list[int]) -> torch.Tensor:
    frames = torch.zeros(len(edges) - 1, SIZE[2], SIZE[1], SIZE[0])
    for index, (begin, end) in enumerate(pairwise(edges)):
        for event in events[begin:end]:
            frames[index, int(event["p"]), int(event["y"]), int(event["x"])] += 1
    return frames


def test_events_are_in_order_of_time() -> None:
    events = data.events([3, 1, 2], [0, 1, 2], [0, 1, 2], [1, 0, 1])
    assert events["t"].tolist() == [1, 2, 3]
    assert events["x"].tolist() == [1, 2, 0]
    line = data.events([0, 1], [4, 5])
    assert line["y"].tolist() == line["p"].tolist() == [0, 0]
    with pytest.raises(ValueError, match=r"events.x: \(2,\) for 3 events"):
        data.events([1, 2, 3], [1, 2])


def test_frames_by_number() -> None:
    events = drawn(503)
    frames = data.by_number(10)(events, SIZE)
    assert frames.flatten(1).sum(1).tolist() == [50] * 9 + [53]
    assert torch.equal(frames, brute_force(events, [*range(0, 500, 50), 503]))


def test_frames_by_time() -> None:
    events = drawn()
    frames = data.by_time(7)(events, SIZE)
    first, last = int(events["t"][0]), int(events["t"][-1])
    index = (events["t"] - first) * 7 // (last + 1 - first)
    assert frames.flatten(1).sum(1).tolist() == np.bincount(index, minlength=7).tolist()
    edges = [int((index < frame).sum()) for frame in range(8)]
    assert torch.equal(frames, brute_force(events, edges))


def test_frames_of_a_duration() -> None:
    events = data.events([0, 9, 10, 25, 30], [0, 1, 2, 3, 4], [0] * 5, [0] * 5)
    frames = data.by_duration(10)(events, SIZE)
    assert frames.flatten(1).sum(1).tolist() == [2, 1, 1, 1]


def test_frames_of_ones_own() -> None:
    events = drawn(20)
    frames = data.by_edges(lambda stream: np.array([2, 7, 7, len(stream)]))(events, SIZE)
    assert torch.equal(frames, brute_force(events, [2, 7, 7, 20]))
    with pytest.raises(ValueError, match="not indices of 20 events in order"):
        data.by_edges(lambda stream: np.array([3, 2]))(events, SIZE)


@pytest.mark.parametrize("frames", [data.by_number(3), data.by_time(3), data.by_duration(5)])
def test_silence_has_frames_too(frames: data.Frames) -> None:
    silence = frames(drawn(0), SIZE)
    assert silence.shape[1:] == (2, 5, 6)
    assert silence.sum() == 0


def test_an_event_beside_the_sensor_is_named() -> None:
    with pytest.raises(ValueError, match=r"events.y: 5 of event 1 is not below 5"):
        data.by_number(1)(data.events([0, 1], [0, 0], [4, 5]), SIZE)


def test_a_file_keeps_events(tmp_path: Path) -> None:
    events = drawn()
    data.save_events(events, tmp_path / "e.npz")
    assert np.array_equal(data.load_events(tmp_path / "e.npz"), events)
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="not the columns t and x"):
        data.load_events(tmp_path / "other.npz")


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_flips_and_shifts() -> None:
    events = drawn()
    flipped = data.Flip(1.0)(events, SIZE, random())
    assert np.array_equal(flipped["x"], 5 - events["x"])
    assert np.array_equal(data.Flip(0.0)(events, SIZE, random()), events)
    before = events.copy()
    moved = data.Shift(2)(events, SIZE, random(3))
    right, down = random(3).integers(-2, 3, 2)
    assert (right, down) != (0, 0)
    inside = (events["x"] + right >= 0) & (events["x"] + right < 6)
    inside &= (events["y"] + down >= 0) & (events["y"] + down < 5)
    assert np.array_equal(moved["x"], events["x"][inside] + right)
    assert np.array_equal(moved["y"], events["y"][inside] + down)
    assert np.array_equal(events, before)


def test_drops_and_jitter() -> None:
    events = drawn(20_000)
    left = data.DropEvents(0.3)(events, SIZE, random())
    assert len(left) == pytest.approx(14_000, abs=300)
    silent = data.DropTime(0.5)(events, SIZE, random(1))
    gaps = np.diff(silent["t"])
    assert gaps.max() > 1000
    assert np.sort(gaps)[-2] < 50
    moved = data.Jitter(50.0)(events, SIZE, random())
    assert bool((np.diff(moved["t"]) >= 0).all())
    off = np.sort(moved["t"]) - events["t"]
    assert 0 < np.abs(off).mean() < 50
    assert len(data.DropTime()(drawn(0), SIZE, random())) == 0


class Source:
    """Samples of growing length."""

    def __len__(self) -> int:
        return 7

    def __getitem__(self, index: int) -> tuple[data.Events, int]:
        return drawn(20 + 30 * index, index), index


def batches(workers: int, **options: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    augmentations = (data.Flip(), data.DropEvents(0.2), data.Shift(1))
    frames = data.EventFrames(Source(), SIZE, data.by_duration(2500), augmentations=augmentations)
    frames.epoch = options.pop("epoch", 0)
    return list(data.loader(frames, 3, shuffle=True, workers=workers, **options))


def test_a_loader_gives_the_same_with_and_without_workers() -> None:
    alone, together = batches(0), batches(2)
    assert [frames.shape[1] for frames, _ in alone] == [3, 3, 1]
    for (a, b), (c, d) in zip(alone, together, strict=True):
        assert torch.equal(a, c)
        assert torch.equal(b, d)
    labels = torch.cat([labels for _, labels in alone])
    assert labels.tolist() != sorted(labels.tolist()) == list(range(7))
    # In another epoch other things are drawn.
    assert any(
        a.shape != c.shape or not torch.equal(a, c)
        for (a, _), (c, _) in zip(alone, batches(0, epoch=1), strict=True)
    )


def test_every_pass_is_an_epoch_that_a_resumed_run_repeats() -> None:
    def passes(count: int, epoch: int, **options: Any) -> list[tuple[list[int], float]]:
        frames = data.EventFrames(
            Source(), SIZE, data.by_time(3), augmentations=[data.DropEvents(0.3)]
        )
        frames.epoch = epoch
        loader = data.loader(frames, 3, shuffle=True, seed=5, **options)
        epochs = []
        for _ in range(count):
            read = list(loader)
            order = [label for _, labels in read for label in labels.tolist()]
            epochs.append((order, sum(float(x.sum()) for x, _ in read)))
        assert frames.epoch == epoch + count - 1
        return epochs

    all_epochs = passes(3, 0)
    assert len({tuple(order) for order, _ in all_epochs}) == 3
    assert len({events for _, events in all_epochs}) == 3
    assert passes(1, 2) == all_epochs[2:]
    # Workers that live on see the epoch too.
    assert passes(3, 0, workers=1, persistent_workers=True) == all_epochs


def test_shorter_samples_are_silent_at_the_end() -> None:
    short = (torch.ones(2, 1, 1, 1), 0)
    long = (torch.ones(3, 1, 1, 1), 1)
    ((frames, labels),) = data.loader([short, long], 2)
    assert frames.shape == (3, 2, 1, 1, 1)
    assert frames[:, 0].flatten().tolist() == [1, 1, 0]
    assert labels.tolist() == [0, 1]


@pytest.mark.parametrize("make", [data.by_number, data.by_time, data.by_duration])
def test_no_frames_are_refused(make: object) -> None:
    with pytest.raises(ValueError, match="0 is not positive"):
        make(0)
