"""MS-ResNet (Hu et al. 2021): neurons fire before each convolution, and blocks add currents.

The shortcut carries currents from the stem to the last neurons, and no neuron stands on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from torch import Tensor, nn

from snncore import layer
from snncore.models.common import Make, conv_norm, kaiming
from snncore.neuron import LIF
from snncore.surrogate import Rectangular

# The paper's neurons keep a quarter of their voltage.
ms_neuron: Make = partial(
    LIF,
    tau=4 / 3,
    threshold=0.5,
    decay_input=False,
    detach_reset=True,
    surrogate=Rectangular(1.0),
)
_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 104: (3, 8, 32, 8)}


class _Block(nn.Module):
    """Two convolutions behind neurons, added to the currents that came in."""

    def __init__(self, inputs: int, outputs: int, stride: int, neuron: Make) -> None:
        super().__init__()
        self.body = nn.Sequential(
            neuron(),
            *conv_norm(inputs, outputs, 3, stride),
            neuron(),
            *conv_norm(outputs, outputs, 3),
        )
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = conv_norm(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's currents."""
        skipped: Tensor = x if self.downsample is None else self.downsample(x)
        currents: Tensor = self.body(x) + skipped
        return currents


class MSResNet(nn.Module):
    """A residual network of currents; (T, N, C, H, W) to (T, N, classes).

    `blocks` are the blocks of each stage, each of which halves the image and doubles the channels.
    `small_images` begins with a convolution of 3 x 3 that keeps the image, for 32 x 32 or less.
    """

    def __init__(
        self,
        blocks: Sequence[int] = (2, 2, 2, 2),
        classes: int = 1000,
        *,
        channels: int = 3,
        width: int = 64,
        neuron: Make = ms_neuron,
        small_images: bool = False,
    ) -> None:
        super().__init__()
        if not blocks or min(blocks) < 1:
            raise ValueError(f"MSResNet: {tuple(blocks)} blocks (one or more in each stage)")
        self.stem = conv_norm(channels, width, *((3, 1) if small_images else (7, 2)))
        stages: list[nn.Module] = []
        inputs = width
        for stage, count in enumerate(blocks):
            outputs = width * 2**stage
            stages.append(_Block(inputs, outputs, 2, neuron))
            stages += [_Block(outputs, outputs, 1, neuron) for _ in range(count - 1)]
            inputs = outputs
        self.stages = nn.Sequential(*stages)
        self.neuron: nn.Module = neuron()
        self.pool = layer.AdaptiveAvgPool2d(1)
        self.flatten = layer.Flatten()
        self.fc = layer.Linear(inputs, classes)
        kaiming(self)
        self._begin_small()

    def _begin_small(self) -> None:
        # Sums of currents grow with every block, so a block adds nothing at first.
        for module in self.modules():
            if isinstance(module, layer.BatchNorm2d) and module.weight is not None:
                nn.init.constant_(module.weight, 0.5)
        for block in self.stages:
            last: Any = block.get_submodule("body")
            nn.init.zeros_(last[-1].weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs of every step."""
        spikes = self.neuron(self.stages(self.stem(x)))
        scores: Tensor = self.fc(self.flatten(self.pool(spikes)))
        return scores


def ms_resnet18(classes: int = 1000, **options: Any) -> MSResNet:
    """Make an MS-ResNet-18; options as for MSResNet."""
    return MSResNet(_BLOCKS[18], classes, **options)


def ms_resnet34(classes: int = 1000, **options: Any) -> MSResNet:
    """Make an MS-ResNet-34; options as for MSResNet."""
    return MSResNet(_BLOCKS[34], classes, **options)


def ms_resnet104(classes: int = 1000, **options: Any) -> MSResNet:
    """Make an MS-ResNet-104; options as for MSResNet."""
    return MSResNet(_BLOCKS[104], classes, **options)
