"""Spiking VGG: VGG with batch norms, its ReLUs spiking neurons."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from snncore import layer
from snncore.models.common import Make, default_neuron, kaiming

# Convolutions a stage; a max pool follows each stage.
_STAGES = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
_WIDTHS = (1, 2, 4, 8, 8)


class VGG(nn.Module):
    """A plain stack of convolutions; (T, N, C, H, W) to (T, N, classes).

    `size` is the images' height and width. The last pool leaves `grid` x `grid` pixels of the
    32nd part of it.
    """

    def __init__(
        self,
        depth: int = 11,
        classes: int = 1000,
        *,
        channels: int = 3,
        size: int = 224,
        width: int = 64,
        hidden: int = 4096,
        grid: int | None = None,
        dropout: float = 0.5,
        neuron: Make = default_neuron,
    ) -> None:
        super().__init__()
        if depth not in _STAGES:
            raise ValueError(f"VGG: no depth {depth}; there are {', '.join(map(str, _STAGES))}")
        grid = _grid(size, grid)
        layers: list[nn.Module] = []
        for count, factor in zip(_STAGES[depth], _WIDTHS, strict=True):
            for _ in range(count):
                conv = layer.Conv2d(channels, width * factor, 3, padding=1)
                layers += [conv, layer.BatchNorm2d(width * factor), neuron()]
                channels = width * factor
            layers.append(layer.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.avgpool = layer.AdaptiveAvgPool2d(grid)
        self.flatten = layer.Flatten()
        self.classifier = nn.Sequential(
            layer.Linear(channels * grid**2, hidden),
            neuron(),
            layer.Dropout(dropout),
            layer.Linear(hidden, hidden),
            neuron(),
            layer.Dropout(dropout),
            layer.Linear(hidden, classes),
        )
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs of every step."""
        scores: Tensor = self.classifier(self.flatten(self.avgpool(self.features(x))))
        return scores


def _grid(size: int, grid: int | None) -> int:
    """Return the pixels that the last pool leaves on a side; 7, or all that there are, by default.

    Raises:
        ValueError: if the stages leave none, or the pool cannot divide them.
    """
    left = size // 2 ** len(_STAGES[11])
    if left == 0:
        raise ValueError(
            f"VGG: five pools leave nothing of images of {size} x {size} (make them 32 x 32 or "
            "more)"
        )
    if grid is None:
        grid = next(each for each in range(min(7, left), 0, -1) if left % each == 0)
    if grid < 1 or left % grid:
        raise ValueError(
            f"VGG: images of {size} x {size} leave {left} x {left} pixels, which a grid of "
            f"{grid} x {grid} does not divide (grid=1 takes their mean)"
        )
    return grid


def spiking_vgg11(classes: int = 1000, **options: object) -> VGG:
    """Make a Spiking VGG-11; options as for VGG."""
    return _build(11, classes, options)


def spiking_vgg13(classes: int = 1000, **options: object) -> VGG:
    """Make a Spiking VGG-13; options as for VGG."""
    return _build(13, classes, options)


def spiking_vgg16(classes: int = 1000, **options: object) -> VGG:
    """Make a Spiking VGG-16; options as for VGG."""
    return _build(16, classes, options)


def spiking_vgg19(classes: int = 1000, **options: object) -> VGG:
    """Make a Spiking VGG-19; options as for VGG."""
    return _build(19, classes, options)


def _build(depth: int, classes: int, options: dict[str, Any]) -> VGG:
    return VGG(depth, classes, **options)
