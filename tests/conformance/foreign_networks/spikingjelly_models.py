"""SpikingJelly: single steps and sequences, containers, batch norms and residual blocks."""

import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import nn


class SingleStep(nn.Module):
    """The first tutorial: one layer of neurons, called in a loop, with a rate as the output."""

    def __init__(self, tau: float = 2.0, T: int = 20) -> None:  # noqa: N803
        super().__init__()
        self.T = T
        self.layer = nn.Sequential(
            layer.Flatten(),
            layer.Linear(64, 10, bias=False),
            neuron.LIFNode(tau=tau, surrogate_function=surrogate.ATan()),
        )

    def forward(self, x):
        out_fr = 0.0
        for _ in range(self.T):
            out_fr += self.layer(x)
        return out_fr / self.T


class MultiStep(nn.Module):
    """A convolutional network on repeated images, in the multi-step mode."""

    def __init__(self, T: int = 6, channels: int = 8) -> None:  # noqa: N803
        super().__init__()
        self.T = T
        self.conv_fc = nn.Sequential(
            layer.Conv2d(1, channels, kernel_size=3, padding=1, bias=False),
            layer.BatchNorm2d(channels),
            neuron.IFNode(surrogate_function=surrogate.ATan()),
            layer.MaxPool2d(2, 2),
            layer.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False),
            layer.BatchNorm2d(channels),
            neuron.IFNode(surrogate_function=surrogate.ATan()),
            layer.MaxPool2d(2, 2),
            layer.Flatten(),
            layer.Linear(channels * 3 * 3, 30, bias=False),
            neuron.IFNode(surrogate_function=surrogate.ATan()),
            layer.Linear(30, 10, bias=False),
            neuron.IFNode(surrogate_function=surrogate.ATan()),
        )
        functional.set_step_mode(self, step_mode="m")

    def forward(self, x):
        x_seq = x.unsqueeze(0).repeat(self.T, 1, 1, 1, 1)
        return self.conv_fc(x_seq).mean(0)


class Gesture(nn.Module):
    """Batches first, transposed to time first; learned leaks, dropout and voters."""

    def __init__(self) -> None:
        super().__init__()
        conv = []
        for block in range(2):
            conv += [
                layer.Conv2d(2 if block == 0 else 6, 6, 3, padding=1, bias=False),
                layer.BatchNorm2d(6),
                neuron.ParametricLIFNode(init_tau=2.0, detach_reset=True),
                layer.MaxPool2d(2, 2),
            ]
        self.conv = nn.Sequential(*conv)
        self.head = nn.Sequential(
            layer.Flatten(),
            layer.Dropout(0.5),
            layer.Linear(6 * 2 * 2, 20),
            neuron.ParametricLIFNode(init_tau=2.0, detach_reset=True),
            layer.VotingLayer(5),
        )
        functional.set_step_mode(self, "m")

    def forward(self, x):
        x = x.transpose(0, 1)
        return self.head(self.conv(x)).mean(0)


class Block(nn.Module):
    """A residual block whose spikes are added to its input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = layer.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = layer.BatchNorm2d(channels)
        self.sn1 = neuron.IFNode()
        self.conv2 = layer.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = layer.BatchNorm2d(channels)
        self.sn2 = neuron.IFNode()

    def forward(self, x):
        identity = x
        out = self.sn1(self.bn1(self.conv1(x)))
        out = self.sn2(self.bn2(self.conv2(out)))
        out += identity
        return out


class Residual(nn.Module):
    """A residual network in the style of SEW-ResNet, with a pool over the image at its end."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = layer.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = layer.BatchNorm2d(8)
        self.sn1 = neuron.IFNode()
        self.layer1 = nn.Sequential(Block(8), Block(8))
        self.avgpool = layer.AdaptiveAvgPool2d((1, 1))
        self.fc = layer.Linear(8, 5)
        functional.set_step_mode(self, "m")

    def forward(self, x):
        x = self.layer1(self.sn1(self.bn1(self.conv1(x))))
        x = torch.flatten(self.avgpool(x), 2)
        return self.fc(x)


class Contained(nn.Module):
    """Torch's own layers in a SeqToANNContainer, and time merged by hand before the last ones."""

    def __init__(self) -> None:
        super().__init__()
        self.static = layer.SeqToANNContainer(nn.Conv2d(2, 6, 3, padding=1), nn.BatchNorm2d(6))
        self.sn1 = neuron.LIFNode(tau=4.0 / 3, step_mode="m", v_reset=None)
        self.pool = nn.AvgPool2d(2)
        self.fc = nn.Linear(6 * 4 * 4, 7)
        self.sn2 = neuron.LIFNode(tau=2.0, step_mode="m", decay_input=False)

    def forward(self, x_seq):
        T, N = x_seq.shape[:2]  # noqa: N806
        spikes = self.sn1(self.static(x_seq))
        pooled = self.pool(spikes.flatten(0, 1)).flatten(1)
        return self.sn2(self.fc(pooled).view(T, N, -1))


class SpikingHead(nn.Module):
    """A loop over one sequence in which the first step is not added but stored."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            layer.Linear(24, 16),
            neuron.LIFNode(tau=1.5, v_threshold=0.5),
            layer.Linear(16, 4),
            neuron.LIFNode(tau=1.5, v_threshold=0.5),
        )

    def forward(self, x_seq):
        functional.reset_net(self)
        for t in range(x_seq.shape[0]):
            if t == 0:
                out = self.fc(x_seq[t])
            else:
                out += self.fc(x_seq[t])
        return out / x_seq.shape[0]


MODELS = {
    "single step": (SingleStep, (3, 1, 8, 8), 3.0),
    "multi step": (MultiStep, (2, 1, 12, 12), 4.0),
    "gesture": (Gesture, (2, 6, 2, 8, 8), 4.0),
    "residual": (Residual, (5, 2, 3, 6, 6), 4.0),
    "contained": (Contained, (5, 2, 2, 8, 8), 4.0),
    "spiking head": (SpikingHead, (9, 2, 24), 2.0),
}
