"""SpikingJelly as in papers' code: SEW blocks, spiking attention, recurrent containers."""

import torch
from spikingjelly.activation_based import ann2snn, functional, layer, neuron
from torch import nn


class Block(nn.Module):
    """A block whose shortcut is added to its spikes, with a convolution where sizes change."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = layer.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = layer.BatchNorm2d(outputs)
        self.sn1 = neuron.IFNode()
        self.conv2 = layer.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = layer.BatchNorm2d(outputs)
        self.sn2 = neuron.IFNode()
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                layer.Conv2d(inputs, outputs, 1, stride, bias=False),
                layer.BatchNorm2d(outputs),
                neuron.IFNode(),
            )

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        out = self.sn1(self.bn1(self.conv1(x)))
        out = self.sn2(self.bn2(self.conv2(out)))
        out += identity
        return out


class SEW(nn.Module):
    """A residual network over sequences, and its classifier behind the mean of the steps."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = layer.Conv2d(2, 6, 3, padding=1, bias=False)
        self.bn1 = layer.BatchNorm2d(6)
        self.sn1 = neuron.IFNode()
        self.layer1 = nn.Sequential(Block(6, 6), Block(6, 8, 2))
        self.avgpool = layer.AdaptiveAvgPool2d((1, 1))
        self.fc = layer.Linear(8, 5)
        functional.set_step_mode(self, "m")

    def forward(self, x):
        x = self.sn1(self.bn1(self.conv1(x)))
        x = torch.flatten(self.avgpool(self.layer1(x)), 2)
        return self.fc(x).mean(0)


class Attention(nn.Module):
    """Spiking self-attention of queries, keys and values over tokens, as Spikformer has it."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads, self.scale = heads, 0.125
        for name in ("q", "k", "v", "proj"):
            self.add_module(f"{name}_linear", nn.Linear(dim, dim))
            self.add_module(f"{name}_bn", nn.BatchNorm1d(dim))
            self.add_module(f"{name}_lif", neuron.LIFNode(tau=2.0, step_mode="m"))
        self.attn_lif = neuron.LIFNode(tau=2.0, v_threshold=0.5, step_mode="m")

    def branch(self, name, x, shape):
        x = getattr(self, f"{name}_linear")(x)
        x = getattr(self, f"{name}_bn")(x.transpose(-1, -2)).transpose(-1, -2)
        return getattr(self, f"{name}_lif")(x.reshape(shape).contiguous())

    def forward(self, x):
        steps, batch, tokens, channels = shape = x.shape
        flat = x.flatten(0, 1)
        q, k, v = (
            self.branch(name, flat, shape)
            .reshape(steps, batch, tokens, self.heads, channels // self.heads)
            .permute(0, 1, 3, 2, 4)
            .contiguous()
            for name in "qkv"
        )
        attn = (q @ k.transpose(-2, -1)) * self.scale
        x = attn @ v
        x = x.transpose(2, 3).reshape(shape).contiguous()
        x = self.attn_lif(x)
        return self.branch("proj", x.flatten(0, 1), shape)


class Spikformer(nn.Module):
    """Patches of an image as tokens, one block of attention and one of two layers, and a head."""

    def __init__(self, dim: int = 16) -> None:
        super().__init__()
        self.patch = nn.Conv2d(2, dim, 4, 4, bias=False)
        self.patch_bn = nn.BatchNorm2d(dim)
        self.patch_lif = neuron.LIFNode(tau=2.0, step_mode="m")
        self.attn = Attention(dim, 4)
        self.fc1, self.bn1 = nn.Linear(dim, 24), nn.BatchNorm1d(24)
        self.lif1 = neuron.LIFNode(tau=2.0, v_threshold=0.5, step_mode="m")
        self.head = nn.Linear(24, 5)

    def forward(self, x):
        steps, batch = x.shape[:2]
        x = self.patch_bn(self.patch(x.flatten(0, 1)))
        x = self.patch_lif(x.reshape(steps, batch, *x.shape[1:])).flatten(3).transpose(-1, -2)
        x = x + self.attn(x)
        tokens = x.shape[2]
        hidden = self.bn1(self.fc1(x.flatten(0, 1)).transpose(-1, -2)).transpose(-1, -2)
        hidden = self.lif1(hidden.reshape(steps, batch, tokens, -1).contiguous())
        return self.head(hidden.mean(2)).mean(0)


class Containers(nn.Module):
    """Recurrent containers in a Sequential, called once a step, with the rate as the output."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            layer.Linear(20, 24),
            layer.LinearRecurrentContainer(neuron.LIFNode(v_threshold=0.4), 24, 24),
            layer.Linear(24, 12),
            layer.ElementWiseRecurrentContainer(neuron.IFNode(v_reset=None), torch.add),
            layer.Linear(12, 4),
            neuron.IFNode(),
        )

    def forward(self, x):
        out = 0.0
        for t in range(x.shape[0]):
            out = out + self.net(x[t])
        return out / x.shape[0]


class VoltageReadout(nn.Module):
    """A neuron that never fires, of which the voltage after the last step is read."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            layer.Flatten(),
            layer.Linear(64, 32),
            neuron.ParametricLIFNode(init_tau=2.5, v_threshold=0.4),
            layer.Linear(32, 5),
        )
        self.readout = neuron.LIFNode(tau=3.0, v_threshold=float("inf"))

    def forward(self, x):
        functional.reset_net(self)
        for _ in range(8):
            self.readout(self.net(x))
        return self.readout.v


class Converted(nn.Module):
    """An ANN that their ann2snn made spiking, with its scales of currents and spikes."""

    def __init__(self) -> None:
        super().__init__()
        ann = nn.Sequential(
            *(nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.AvgPool2d(2)),
            *(nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2)),
            *(nn.Flatten(), nn.Linear(32, 24), nn.ReLU(), nn.Linear(24, 5)),
        )
        data = [(torch.rand(8, 1, 8, 8), torch.zeros(8))]
        recipe = ann2snn.RateCodingRecipe(dataloader=data, mode="max")
        self.model = ann2snn.Converter(recipe).convert(ann.eval())

    def forward(self, x):
        functional.reset_net(self.model)
        out = self.model(x)
        for _ in range(9):
            out = out + self.model(x)
        return out


MODELS = {
    "voltage readout": (VoltageReadout, (3, 1, 8, 8), 1.0),
    "converted": (Converted, (3, 1, 8, 8), 1.0),
    "sew": (SEW, (6, 2, 2, 8, 8), 4.0),
    "spikformer": (Spikformer, (4, 2, 2, 16, 16), 4.0),
    "containers": (Containers, (10, 2, 20), 3.0),
}
