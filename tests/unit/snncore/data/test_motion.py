"""Moving digits: each label is the motion that one sees, and each index is always the same."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from snncore import data

PIXELS = 24


@pytest.fixture(scope="module")
def digits() -> data.MovingDigits:
    return data.MovingDigits(66, pixels=PIXELS, sensor=data.EventSensor())


def centres(events: data.Events, parts: int = 6) -> NDArray[np.float64]:
    """Return the mean position of the events in each part of the time."""
    edges = np.linspace(0, events["t"][-1] + 1, parts + 1)
    cuts = np.searchsorted(events["t"], edges)
    return np.array([[events[key][a:b].mean() for key in "xy"] for a, b in pairwise(cuts)])


@pytest.mark.parametrize("label", range(8))
def test_a_direction_is_where_the_digit_goes(digits: data.MovingDigits, label: int) -> None:
    expected = np.array([np.cos(np.pi * label / 4), np.sin(np.pi * label / 4)])
    for index in range(label, len(digits), len(data.MOTIONS)):
        events, answer = digits[index]
        assert answer == label
        places = centres(events)
        way = places[-1] - places[0]
        assert way @ expected / np.linalg.norm(way) > np.cos(np.pi / 8), data.MOTIONS[label]
        # What is bright goes ahead of what becomes dark.
        bright, dark = (
            np.array([events[key][events["p"] == p].mean() for key in "xy"]) for p in (1, 0)
        )
        assert (bright - dark) @ expected > 0


@pytest.mark.parametrize(("label", "sign"), [(8, 1), (9, -1)])
def test_a_turn_has_its_sense(label: int, sign: int, monkeypatch: pytest.MonkeyPatch) -> None:
    spot = torch.zeros(1, 1, 8, 8)
    spot[..., 3:5, 6:] = 1.0
    nothing = torch.zeros(1, dtype=torch.int64)
    monkeypatch.setattr(
        "snncore.data.motion.digits", lambda: data.Images(spot, nothing, spot, nothing)
    )
    spots = data.MovingDigits(66, pixels=PIXELS, sensor=data.EventSensor())
    for index in range(label, len(spots), len(data.MOTIONS)):
        x, y = (centres(spots[index][0]) - (PIXELS - 1) / 2).T
        turned = np.unwrap(np.arctan2(y, x))
        # Down is positive, so a growing angle turns clockwise.
        assert sign * (turned[-1] - turned[0]) > 0.5


def test_what_pulses_stays(digits: data.MovingDigits) -> None:
    label = data.MOTIONS.index("pulsing")
    for index in range(label, len(digits), len(data.MOTIONS)):
        events, _ = digits[index]
        places = centres(events, 2)
        assert np.abs(places[1] - places[0]).max() < 2.5
        assert len(events) > 200


def test_an_index_is_always_the_same_and_test_digits_are_others() -> None:
    first, again = data.MovingDigits(20), data.MovingDigits(40)
    assert first.size == (32, 32, 2)
    assert len(first) == 20
    assert np.array_equal(first[7][0], again[7][0])
    assert not np.array_equal(first[7][0], first[18][0])
    for other in (data.MovingDigits(20, train=False), data.MovingDigits(20, seed=1)):
        assert other[7][1] == first[7][1]
        assert not np.array_equal(other[7][0], first[7][0])


def test_they_become_frames_as_recordings_do() -> None:
    source = data.MovingDigits(22, pixels=16)
    ((x, labels),) = data.loader(data.EventFrames(source, source.size, data.by_time(5)), 22)
    assert x.shape == (5, 22, 2, 16, 16)
    assert labels.tolist() == [*range(11), *range(11)]
    assert (x.flatten(2).sum(2) > 0).all()


def test_a_field_that_shows_no_digit_and_an_index_beyond() -> None:
    with pytest.raises(ValueError, match="7 pixels do not show a digit of 8"):
        data.MovingDigits(1, pixels=7)
    with pytest.raises(IndexError, match="3 is not below 3"):
        data.MovingDigits(3)[3]


def test_the_page_on_gestures_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[4] / "docs/gestures.md").read_text("utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(block, "gestures.md", "exec"), names)
    assert capsys.readouterr().out.startswith("down and left ")
    assert len(names["events"]) > 64
