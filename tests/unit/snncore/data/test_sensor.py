"""A simulated event camera: its events are those that a pixel's definition gives."""

import math
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies
from numpy.typing import NDArray

from snncore import data

DURATION = 90_000


def drawn(seed: int, images: int = 10, size: tuple[int, int] = (3, 4)) -> NDArray[np.float64]:
    """Return a video whose pixels differ in how much they change."""
    random = np.random.default_rng(seed)
    steps = random.normal(0, random.uniform(0, 0.6, size), (images, *size))
    video: NDArray[np.float64] = np.exp(np.cumsum(steps, axis=0))
    return video


def seen(sensor: data.EventSensor, video: NDArray[Any], seed: int = 0) -> data.Events:
    return sensor(video, DURATION, np.random.default_rng(seed))


def by_definition(light: list[float], threshold: float) -> list[tuple[int, int]]:
    """Return the times and polarities of one pixel, event by event, in exact fractions."""
    exact = [Fraction(value) for value in light]
    last, step, result = exact[0], Fraction(DURATION, len(light) - 1), []
    for index in range(1, len(light)):
        before, now = exact[index - 1], exact[index]
        while abs(now - last) >= Fraction(threshold):
            last += Fraction(threshold) if now > last else -Fraction(threshold)
            part = (last - before) / (now - before)
            result.append((math.floor((index - 1 + part) * step), int(now > before)))
    return result


@given(strategies.integers(0, 10_000), strategies.sampled_from([0.1, 0.25, 0.7]))
def test_every_pixel_follows_its_definition(seed: int, threshold: float) -> None:
    video = drawn(seed)
    sensor = data.EventSensor(threshold=threshold)
    events = seen(sensor, video)
    light = np.log(video + sensor.floor)
    levels = (light - light[0]) / threshold
    total = 0
    for y, x in np.ndindex(3, 4):
        own = events[(events["x"] == x) & (events["y"] == y)]
        expected = by_definition(levels[:, y, x].tolist(), 1.0)
        assert own["p"].tolist() == [polarity for _, polarity in expected]
        # Floats may fall on the other side of a microsecond.
        assert np.abs(own["t"] - [time for time, _ in expected]).max(initial=0) <= 1
        total += len(own)
    assert total == len(events)
    assert (np.diff(events["t"]) >= 0).all()


@given(strategies.integers(0, 10_000))
def test_events_give_the_light_again(seed: int) -> None:
    video, sensor = drawn(seed), data.EventSensor(threshold=0.2)
    events = seen(sensor, video)
    change = np.zeros(video.shape[1:])
    np.add.at(change, (events["y"], events["x"]), np.where(events["p"] == 1, 0.2, -0.2))
    logarithm = np.log(video + sensor.floor)
    assert np.abs(logarithm[-1] - logarithm[0] - change).max() < 0.2 + 1e-9


def test_light_that_grows_evenly_sends_events_evenly() -> None:
    sensor = data.EventSensor(threshold=0.25, floor=1.0)
    video = np.exp(np.linspace(0, 1.01, 2)).reshape(2, 1, 1) - 1
    events = seen(sensor, video)
    assert events["p"].tolist() == [1, 1, 1, 1]
    assert events["t"].tolist() == [math.floor(DURATION * k * 0.25 / 1.01) for k in (1, 2, 3, 4)]
    darker = seen(sensor, video[::-1])
    assert darker["p"].tolist() == [0, 0, 0, 0]
    assert darker["t"].tolist() == events["t"].tolist()


def test_a_still_image_sends_nothing() -> None:
    assert len(seen(data.EventSensor(spread=0.3), np.repeat(drawn(0)[:1], 9, axis=0))) == 0
    # Nor does a single image.
    assert len(seen(data.EventSensor(), drawn(0)[:1])) == 0


def test_noise_has_its_rate_everywhere() -> None:
    still = np.ones((2, 20, 30))
    events = seen(data.EventSensor(noise=50.0), still)
    expected = 50 * 20 * 30 * DURATION / 1e6
    assert abs(len(events) - expected) < 5 * math.sqrt(expected)
    assert abs(events["p"].mean() - 0.5) < 0.05
    assert 0 <= events["t"].min() < events["t"].max() < DURATION
    assert (events["x"].max(), events["y"].max()) == (29, 19)


def test_thresholds_spread_over_pixels() -> None:
    video = np.stack([np.full((8, 8), light) for light in (0.1, 3.0)])
    alike = Counter(zip(*(seen(data.EventSensor(), video)[key] for key in "xy"), strict=True))
    apart = seen(data.EventSensor(spread=0.3), video)
    counts = Counter(zip(apart["x"], apart["y"], strict=True))
    assert set(alike.values()) == {12}
    assert len(set(counts.values())) > 4


def test_a_seed_gives_the_same_events() -> None:
    sensor, video = data.EventSensor(spread=0.2, noise=20.0), drawn(3)
    assert np.array_equal(seen(sensor, video, 1), seen(sensor, video, 1))
    assert not np.array_equal(seen(sensor, video, 1), seen(sensor, video, 2))


@pytest.mark.parametrize(
    ("name", "value"),
    [("threshold", 0.0), ("floor", math.inf), ("spread", -0.1), ("noise", math.nan)],
)
def test_a_setting_without_sense_is_named(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"sensor\.{name}: {value} is "):
        data.EventSensor(**{name: value})


@pytest.mark.parametrize(
    ("video", "words"),
    [
        (np.ones((3, 4)), r"a video \(F, H, W\) is needed, and this is \(3, 4\)"),
        (np.ones((0, 4, 4)), r"this is \(0, 4, 4\)"),
        (-np.ones((2, 4, 4)), "not negative"),
        (np.full((2, 4, 4), np.nan), "finite"),
    ],
)
def test_a_video_without_sense_is_named(video: NDArray[Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        seen(data.EventSensor(), video)


def test_bytes_and_colours_are_light() -> None:
    random = np.random.default_rng(0)
    grey = random.integers(0, 256, (6, 4, 5)).astype(np.uint8)
    sensor = data.EventSensor(threshold=0.2)
    expected = sensor(grey / 255.0, 1000, np.random.default_rng(1))
    assert len(expected) > 100
    assert np.array_equal(sensor(grey, 1000, np.random.default_rng(1)), expected)
    colours = np.zeros((6, 4, 5, 3))
    colours[..., 1] = grey / 255.0
    green = sensor(colours, 1000, np.random.default_rng(1))
    assert np.array_equal(green, sensor(0.587 * grey / 255.0, 1000, np.random.default_rng(1)))
