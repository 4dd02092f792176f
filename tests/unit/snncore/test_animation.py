"""Animations, read back by Pillow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from snncore import animation


def images(path: Path) -> list[Any]:
    with Image.open(path) as file:
        assert file.format == "GIF"
        return [
            np.asarray(page.convert("RGB")).astype(int) for page in ImageSequence.Iterator(file)
        ]


def test_events_have_the_colour_of_their_polarity(tmp_path: Path) -> None:
    frames = torch.zeros(3, 2, 5, 4)
    frames[0, 1, 0, 0] = 2
    frames[1, 0, 4, 3] = 2
    frames[2, 1, 2, 2] = 1
    animation.events(frames, tmp_path / "e.gif", scale=3)
    pages = images(tmp_path / "e.gif")
    assert [page.shape for page in pages] == [(15, 12, 3)] * 3
    red, _, blue = pages[0][1, 1]
    assert red > 200 > blue
    red, _, blue = pages[1][13, 10]
    assert blue > 200 > red
    # Half as many events are half as bright, and where there were none it is dark.
    ground, full = pages[0][8, 8, 0], pages[0][1, 1, 0]
    assert abs(pages[2][7, 7, 0] - (ground + full) / 2) < 3
    assert (pages[2][0, 0] == pages[0][8, 8]).all()


def test_a_step_without_a_change_takes_as_long(tmp_path: Path) -> None:
    animation.spikes(torch.zeros(4, 1, 9), tmp_path / "s.gif", milliseconds=70)
    with Image.open(tmp_path / "s.gif") as file:
        durations = [page.info["duration"] for page in ImageSequence.Iterator(file)]
    assert sum(durations) == 4 * 70


def test_spikes_of_channels_stand_side_by_side(tmp_path: Path) -> None:
    spikes = torch.zeros(2, 3, 3, 4, 5)
    spikes[1, 2, 2, 3, 4] = 1
    animation.spikes(spikes, tmp_path / "s.gif", sample=2, scale=1)
    pages = images(tmp_path / "s.gif")
    # Two columns and two rows, and a line between them.
    assert pages[1].shape == (9, 11, 3)
    fired = np.argwhere(pages[1][..., 0] > 200)
    assert fired.tolist() == [[8, 4]]
    assert (pages[0] < 100).all()


def test_dense_neurons_stand_in_rows(tmp_path: Path) -> None:
    spikes = np.zeros((2, 1, 7))
    spikes[1, 0, 4] = 1
    animation.spikes(spikes, tmp_path / "s.gif", scale=1)
    assert np.argwhere(images(tmp_path / "s.gif")[1][..., 0] > 200).tolist() == [[1, 1]]


def test_membranes_are_greys_between_limits(tmp_path: Path) -> None:
    voltages = torch.tensor([[[0.0, 0.5, 1.0, 2.0]]])
    animation.membranes(voltages, tmp_path / "m.gif", scale=1, limits=(0, 1))
    (page,) = images(tmp_path / "m.gif")
    assert np.abs(page[..., 0] - [[0, 128], [255, 255]]).max() <= 2
    animation.membranes(voltages, tmp_path / "m.gif", scale=1)
    (page,) = images(tmp_path / "m.gif")
    assert np.abs(page[..., 0] - [[0, 64], [128, 255]]).max() <= 2


@pytest.mark.parametrize(
    ("write", "values", "options", "words"),
    [
        (animation.events, torch.zeros(2, 3, 4, 4), {}, "1 or 2, H, W"),
        (animation.spikes, torch.zeros(2, 3), {}, r"takes \(T, N, C\)"),
        (animation.spikes, torch.zeros(0, 1, 3), {}, "at least one"),
        (animation.membranes, torch.full((2, 1, 3), torch.nan), {}, "finite"),
        (animation.membranes, torch.zeros(2, 1, 3), {"limits": (1, 0)}, "the lower one first"),
        (animation.spikes, torch.zeros(2, 1, 3), {"scale": 0}, "a scale of 0"),
        (animation.spikes, torch.zeros(10_001, 1, 1), {}, "at most 10000"),
    ],
)
def test_bad_input_is_refused(
    write: Callable[..., None], values: Any, options: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=words):
        write(values, tmp_path / "x.gif", **options)
