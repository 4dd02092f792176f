"""Networks of ReLUs to convert, and how they are trained and measured."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snncore import encoding, functional
from snncore.data import Images


class Block(nn.Module):
    """A residual block, its activations functions."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1:
            conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNet(nn.Module):
    """Three residual blocks."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        blocks = Block(width, width, 1), Block(width, 2 * width, 2), Block(2 * width, 2 * width, 1)
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(2 * width, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


class Everything(nn.Module):
    """Every layer and way to write it that a conversion reads."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 6, 3, padding=1, groups=2)
        self.norm = nn.BatchNorm2d(6)
        self.act = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout(0.3)
        self.grouped = nn.Conv2d(6, 6, 3, padding=1, groups=3, bias=False)
        self.mean = nn.AvgPool2d(2)
        self.dense = nn.Linear(6 * 2 * 2, 8)
        self.line_norm = nn.BatchNorm1d(8)
        self.direct = nn.Linear(6 * 2 * 2, 8)
        self.last = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(self.pool(self.act(self.norm(self.conv(x)))))
        x = self.mean(self.act(self.grouped(x)) + x)
        x = x.view(x.size(0), -1)
        x = F.relu(self.line_norm(self.dense(x)) + torch.relu(self.direct(x)))
        return self.last(F.dropout(x, 0.1, self.training))


def warmed(network: nn.Module, *shape: int) -> nn.Module:
    """Return the network with statistics and biases that are not their initial ones."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.3, 0.3)
        for _ in range(20):
            network.train()(torch.rand(32, *shape))
    return network.eval()


def train(network: nn.Module, images: Images, epochs: int, rate: float) -> None:
    """Train with Adam and a single cycle of learning rates."""
    optimizer = torch.optim.Adam(network.parameters(), rate)
    count = len(images.train)
    steps = epochs * -(-count // 64)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    network.train()
    for _ in range(epochs):
        for batch in torch.randperm(count).split(64):
            loss = F.cross_entropy(network(images.train[batch]), images.train_labels[batch])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
    network.eval()


@torch.no_grad()
def run(network: nn.Module, x: Tensor, steps: int) -> Tensor:
    """Return the mean output of a spiking network for constant input."""
    functional.reset(network)
    mean: Tensor = network(encoding.direct(x, steps)).mean(0)
    functional.reset(network)
    return mean


def accuracy(outputs: Tensor, images: Images) -> float:
    """Return the share of test images whose largest output is the label's."""
    return float((outputs.argmax(1) == images.test_labels).float().mean())
