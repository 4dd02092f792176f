"""Eleven motions of scikit-learn's digits, as a simulated event camera sees them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from snncore.data.digits import digits
from snncore.data.events import Events, Size
from snncore.data.sensor import EventSensor

DIRECTIONS = (
    "right",
    "down and right",
    "down",
    "down and left",
    "left",
    "up and left",
    "up",
    "up and right",
)
MOTIONS = (*DIRECTIONS, "clockwise", "counterclockwise", "pulsing")
# The length of a sample in microseconds, and its images.
_DURATION, _IMAGES = 400_000, 41
_SENSOR = EventSensor(spread=0.1, noise=0.5)


@dataclass(frozen=True)
class _Course:
    """A digit's way through a sample: its centre, angle and size at each image.

    Centres count in halves of the field, from its middle; angles in radians, to the right and
    down; sizes as parts of the field.
    """

    centre: NDArray[np.float64]
    angle: NDArray[np.float64]
    size: NDArray[np.float64]


class MovingDigits:
    """Events of moving digits, generated on demand; the label is an index into `MOTIONS`.

    Motions take turns, and the rest is drawn by the seed and the index: the digit, its brightness,
    size and angle, and how fast it moves. Digits for training and for test are different images.

    Raises:
        ImportError: if scikit-learn is not installed.
        ValueError: if the field is smaller than a digit.
    """

    def __init__(
        self,
        count: int,
        *,
        pixels: int = 32,
        train: bool = True,
        seed: int = 0,
        sensor: EventSensor = _SENSOR,
    ) -> None:
        if pixels < 8:
            raise ValueError(f"moving digits: {pixels} pixels do not show a digit of 8")
        images = digits()
        self.count, self.pixels, self.sensor = count, pixels, sensor
        self._images = images.train if train else images.test
        self._seed = (seed, int(train))

    @property
    def size(self) -> Size:
        """The sensor's width, height and polarities."""
        return (self.pixels, self.pixels, 2)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Events, int]:
        if not 0 <= index < self.count:
            raise IndexError(f"moving digits: {index} is not below {self.count}")
        random = np.random.default_rng([*self._seed, index])
        label = index % len(MOTIONS)
        image = self._images[int(random.integers(len(self._images)))]
        light = random.uniform(0.6, 1.0) * image
        video = _video(light, _course(label, random), self.pixels)
        return self.sensor(video, _DURATION, random), label


def _course(label: int, random: np.random.Generator) -> _Course:
    """Draw how a digit moves."""
    time = np.linspace(-0.5, 0.5, _IMAGES)
    centre = np.tile(random.uniform(-0.15, 0.15, 2), (_IMAGES, 1))
    angle = np.full(_IMAGES, random.uniform(-0.4, 0.4))
    size = np.full(_IMAGES, random.uniform(0.45, 0.65))
    if label < len(DIRECTIONS):
        turn = 2 * math.pi * label / len(DIRECTIONS) + random.uniform(-0.15, 0.15)
        way = np.array([math.cos(turn), math.sin(turn)])
        centre += random.uniform(0.7, 1.1) * time[:, None] * way
    elif MOTIONS[label] == "pulsing":
        beats = 2 * math.pi * (random.uniform(1.0, 2.0) * time + random.random())
        size *= 1 + random.uniform(0.25, 0.4) * np.sin(beats)
    else:
        sign = 1 if MOTIONS[label] == "clockwise" else -1
        angle += sign * random.uniform(1.5, 3.0) * time
    return _Course(centre, angle, size)


def _video(image: Tensor, course: _Course, pixels: int) -> NDArray[np.float32]:
    """Return a video (F, H, W) of an image (1, h, w) that moves over a black field."""
    scale = 1 / course.size
    cosine, sine = np.cos(course.angle) * scale, np.sin(course.angle) * scale
    # From a point of the field to that of the image which is seen there.
    turned = np.stack([np.stack([cosine, sine], -1), np.stack([-sine, cosine], -1)], 1)
    moved = -turned @ course.centre[:, :, None]
    matrix = torch.from_numpy(np.concatenate([turned, moved], 2)).float()
    grid = nn.functional.affine_grid(matrix, [_IMAGES, 1, pixels, pixels], align_corners=False)
    images = image.expand(_IMAGES, *image.shape)
    seen: Tensor = nn.functional.grid_sample(images, grid, align_corners=False)
    video: NDArray[np.float32] = seen[:, 0].numpy()
    return video
