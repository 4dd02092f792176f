"""The small networks: one like LeNet, and the PLIF networks of Fang et al. (2021)."""

from __future__ import annotations

from functools import partial

from torch import nn

from snncore import layer
from snncore.models.common import Make
from snncore.neuron import IF, ParametricLIF

_IF: Make = partial(IF, detach_reset=True)


class CSNN(nn.Sequential):
    """Two convolutions with pools and two dense layers, like LeNet; fires in the last layer.

    `size` is the images' height and width.
    """

    def __init__(
        self,
        classes: int = 10,
        *,
        channels: int = 1,
        width: int = 32,
        size: int = 28,
        neuron: Make = _IF,
    ) -> None:
        if size < 4:
            raise ValueError(
                f"CSNN: two pools leave nothing of images of {size} x {size} (make them 4 x 4 or "
                "more)"
            )
        super().__init__(
            layer.Conv2d(channels, width, 3, padding=1, bias=False),
            layer.BatchNorm2d(width),
            neuron(),
            layer.MaxPool2d(2),
            layer.Conv2d(width, width, 3, padding=1, bias=False),
            layer.BatchNorm2d(width),
            neuron(),
            layer.MaxPool2d(2),
            layer.Flatten(),
            layer.Linear(width * (size // 4) ** 2, width * 16, bias=False),
            neuron(),
            layer.Linear(width * 16, classes, bias=False),
            neuron(),
        )


# Pooled stages, convolutions a stage, channels, hidden neurons, classes, input (C, H, W).
_PLIF = {
    "mnist": (2, 1, 128, 2048, 10, (1, 28)),
    "cifar10": (2, 3, 256, 2048, 10, (3, 32)),
    "nmnist": (2, 1, 128, 2048, 10, (2, 34)),
    "cifar10dvs": (4, 1, 128, 512, 10, (2, 128)),
    "dvs128gesture": (5, 1, 128, 512, 11, (2, 128)),
}


def plif_net(
    dataset: str = "dvs128gesture", *, width: int | None = None, hidden: int | None = None
) -> nn.Sequential:
    """Make a data set's network with learned leaks; its output is each class's share of votes.

    Raises:
        ValueError: if the paper has none for this data set.
    """
    if dataset not in _PLIF:
        raise ValueError(f"plif_net: nothing for {dataset!r}; there are {', '.join(_PLIF)}")
    stages, count, channels, dense, classes, (inputs, size) = _PLIF[dataset]
    channels, dense = width or channels, hidden or dense
    fires = partial(ParametricLIF, detach_reset=True)
    layers: list[nn.Module] = []
    for _ in range(stages):
        for _ in range(count):
            conv = layer.Conv2d(inputs, channels, 3, padding=1, bias=False)
            layers += [conv, layer.BatchNorm2d(channels), fires()]
            inputs = channels
        layers.append(layer.MaxPool2d(2))
    layers += [
        layer.Flatten(),
        layer.Dropout(0.5),
        layer.Linear(channels * (size // 2**stages) ** 2, dense, bias=False),
        fires(),
        layer.Dropout(0.5),
        layer.Linear(dense, classes * 10, bias=False),
        fires(),
        layer.Vote(10),
    ]
    return nn.Sequential(*layers)
