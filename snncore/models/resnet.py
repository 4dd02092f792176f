"""Residual networks of spiking neurons, with the layers and the names of torchvision's.

Spiking ResNet (Zheng et al. 2021) adds currents, and neurons fire behind the sum. SEW ResNet (Fang
et al. 2021) fires before it and joins spikes element by element.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from snncore import layer
from snncore.layer import Join
from snncore.models.common import Make, conv_norm, default_neuron, kaiming

_EXPANSION = 4


class _Block(nn.Module):
    """The base of blocks, which joins their body with their shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int, neuron: Make, join: Join | None):
        super().__init__()
        self.join = join
        self.neuron: nn.Module = neuron()
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = conv_norm(inputs, outputs, 1, stride)
            if join is not None:
                self.downsample.append(neuron())

    def body(self, x: Tensor) -> Tensor:
        """Compute the currents after the last batch norm."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's spikes, or sums of them."""
        skipped: Tensor = x if self.downsample is None else self.downsample(x)
        if self.join is None:
            summed: Tensor = self.neuron(self.body(x) + skipped)
            return summed
        spikes: Tensor = self.neuron(self.body(x))
        if self.join is Join.ADD:
            return spikes + skipped
        return spikes * skipped if self.join is Join.AND else (1.0 - spikes) * skipped


class _Basic(_Block):
    """Two convolutions."""

    def __init__(self, inputs: int, width: int, stride: int, neuron: Make, join: Join | None):
        super().__init__(inputs, width, stride, neuron, join)
        self.conv1 = layer.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = layer.BatchNorm2d(width)
        self.neuron1 = neuron()
        self.conv2 = layer.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = layer.BatchNorm2d(width)

    def body(self, x: Tensor) -> Tensor:
        """Compute the currents after the last batch norm."""
        currents: Tensor = self.bn2(self.conv2(self.neuron1(self.bn1(self.conv1(x)))))
        return currents


class _Bottleneck(_Block):
    """Three convolutions, the one of 3 x 3 between narrow ones."""

    def __init__(self, inputs: int, width: int, stride: int, neuron: Make, join: Join | None):
        outputs = width * _EXPANSION
        super().__init__(inputs, outputs, stride, neuron, join)
        self.conv1 = layer.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = layer.BatchNorm2d(width)
        self.neuron1 = neuron()
        self.conv2 = layer.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = layer.BatchNorm2d(width)
        self.neuron2 = neuron()
        self.conv3 = layer.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = layer.BatchNorm2d(outputs)

    def body(self, x: Tensor) -> Tensor:
        """Compute the currents after the last batch norm."""
        x = self.neuron1(self.bn1(self.conv1(x)))
        currents: Tensor = self.bn3(self.conv3(self.neuron2(self.bn2(self.conv2(x)))))
        return currents


_DEPTHS: dict[int, tuple[type[_Basic] | type[_Bottleneck], tuple[int, ...]]] = {
    18: (_Basic, (2, 2, 2, 2)),
    34: (_Basic, (3, 4, 6, 3)),
    50: (_Bottleneck, (3, 4, 6, 3)),
    101: (_Bottleneck, (3, 4, 23, 3)),
    152: (_Bottleneck, (3, 8, 36, 3)),
}


class ResNet(nn.Module):
    """A residual network; (T, N, C, H, W) to (T, N, classes).

    `join` is how a SEW ResNet joins spikes; without it, it is a Spiking ResNet. `small_images`
    begins with a convolution of 3 x 3 and without a pool, for images of 32 x 32 or less.
    """

    def __init__(
        self,
        depth: int = 18,
        classes: int = 1000,
        *,
        channels: int = 3,
        width: int = 64,
        neuron: Make = default_neuron,
        join: str | None = None,
        small_images: bool = False,
    ) -> None:
        super().__init__()
        if depth not in _DEPTHS:
            raise ValueError(f"ResNet: no depth {depth}; there are {', '.join(map(str, _DEPTHS))}")
        block, counts = _DEPTHS[depth]
        stem = (3, 1, 1) if small_images else (7, 2, 3)
        self.conv1 = layer.Conv2d(channels, width, *stem, bias=False)
        self.bn1 = layer.BatchNorm2d(width)
        self.neuron1 = neuron()
        self.maxpool = nn.Identity() if small_images else layer.MaxPool2d(3, 2, 1)
        inputs, joined = width, None if join is None else Join(join)
        expansion = 1 if block is _Basic else _EXPANSION
        for stage, count in enumerate(counts):
            narrow, blocks = width * 2**stage, []
            for index in range(count):
                stride = 2 if stage > 0 and index == 0 else 1
                blocks.append(block(inputs, narrow, stride, neuron, joined))
                inputs = narrow * expansion
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.avgpool = layer.AdaptiveAvgPool2d(1)
        self.flatten = layer.Flatten()
        self.fc = layer.Linear(inputs, classes)
        kaiming(self)
        if joined is Join.AND:
            self._begin_firing()

    def _begin_firing(self) -> None:
        # Both have to fire, so a block is the identity at first if its body always does.
        for module in self.modules():
            if isinstance(module, _Block):
                last: Any = (
                    module.bn2 if isinstance(module, _Basic) else module.get_submodule("bn3")
                )
                nn.init.constant_(last.weight, 0.5)
                nn.init.constant_(last.bias, 2.0)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs of every step."""
        x = self.maxpool(self.neuron1(self.bn1(self.conv1(x))))
        for stage in range(1, 5):
            x = self.get_submodule(f"layer{stage}")(x)
        scores: Tensor = self.fc(self.flatten(self.avgpool(x)))
        return scores


def spiking_resnet18(classes: int = 1000, **options: object) -> ResNet:
    """Make a Spiking ResNet-18; options as for ResNet."""
    return _build(18, classes, None, options)


def spiking_resnet34(classes: int = 1000, **options: object) -> ResNet:
    """Make a Spiking ResNet-34; options as for ResNet."""
    return _build(34, classes, None, options)


def spiking_resnet50(classes: int = 1000, **options: object) -> ResNet:
    """Make a Spiking ResNet-50; options as for ResNet."""
    return _build(50, classes, None, options)


def spiking_resnet101(classes: int = 1000, **options: object) -> ResNet:
    """Make a Spiking ResNet-101; options as for ResNet."""
    return _build(101, classes, None, options)


def spiking_resnet152(classes: int = 1000, **options: object) -> ResNet:
    """Make a Spiking ResNet-152; options as for ResNet."""
    return _build(152, classes, None, options)


def sew_resnet18(classes: int = 1000, join: str = "add", **options: object) -> ResNet:
    """Make a SEW ResNet-18; options as for ResNet."""
    return _build(18, classes, join, options)


def sew_resnet34(classes: int = 1000, join: str = "add", **options: object) -> ResNet:
    """Make a SEW ResNet-34; options as for ResNet."""
    return _build(34, classes, join, options)


def sew_resnet50(classes: int = 1000, join: str = "add", **options: object) -> ResNet:
    """Make a SEW ResNet-50; options as for ResNet."""
    return _build(50, classes, join, options)


def sew_resnet101(classes: int = 1000, join: str = "add", **options: object) -> ResNet:
    """Make a SEW ResNet-101; options as for ResNet."""
    return _build(101, classes, join, options)


def sew_resnet152(classes: int = 1000, join: str = "add", **options: object) -> ResNet:
    """Make a SEW ResNet-152; options as for ResNet."""
    return _build(152, classes, join, options)


def _build(depth: int, classes: int, join: str | None, options: dict[str, Any]) -> ResNet:
    return ResNet(depth, classes, join=join, **options)
