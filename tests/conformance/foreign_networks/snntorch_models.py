"""snnTorch: loops over time with explicit membranes, hidden states, and readouts of every kind."""

import snntorch as snn
import torch
from snntorch import spikegen, surrogate, utils
from torch import nn
from torch.nn import functional as F


class StaticMLP(nn.Module):
    """The tutorial's: a static image in every step, spikes and membranes recorded in lists."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(64, 40)
        self.lif1 = snn.Leaky(beta=0.95)
        self.fc2 = nn.Linear(40, 10)
        self.lif2 = snn.Leaky(beta=0.95)

    def forward(self, x):
        mem1 = self.lif1.init_leaky()
        mem2 = self.lif2.init_leaky()
        spk2_rec, mem2_rec = [], []
        for _ in range(15):
            cur1 = self.fc1(x)
            spk1, mem1 = self.lif1(cur1, mem1)
            cur2 = self.fc2(spk1)
            spk2, mem2 = self.lif2(cur2, mem2)
            spk2_rec.append(spk2)
            mem2_rec.append(mem2)
        return torch.stack(spk2_rec, dim=0), torch.stack(mem2_rec, dim=0)


class Convolutional(nn.Module):
    """Functional pools, a view over the batch, and fast sigmoids."""

    def __init__(self) -> None:
        super().__init__()
        slope = surrogate.fast_sigmoid(slope=25)
        self.conv1 = nn.Conv2d(1, 6, 3)
        self.lif1 = snn.Leaky(beta=0.5, spike_grad=slope)
        self.conv2 = nn.Conv2d(6, 8, 3)
        self.lif2 = snn.Leaky(beta=0.5, spike_grad=slope)
        self.fc1 = nn.Linear(8 * 2 * 2, 10)
        self.lif3 = snn.Leaky(beta=0.5, spike_grad=slope)

    def forward(self, x):
        mem1 = self.lif1.init_leaky()
        mem2 = self.lif2.init_leaky()
        mem3 = self.lif3.init_leaky()
        spk3_rec, mem3_rec = [], []
        for _ in range(10):
            cur1 = F.max_pool2d(self.conv1(x), 2)
            spk1, mem1 = self.lif1(cur1, mem1)
            cur2 = F.max_pool2d(self.conv2(spk1), 2)
            spk2, mem2 = self.lif2(cur2, mem2)
            cur3 = self.fc1(spk2.view(x.size(0), -1))
            spk3, mem3 = self.lif3(cur3, mem3)
            spk3_rec.append(spk3)
            mem3_rec.append(mem3)
        return torch.stack(spk3_rec), torch.stack(mem3_rec)


class EventSequence(nn.Module):
    """Time first, a synaptic neuron, and the membranes of an output that never resets."""

    def __init__(self) -> None:
        super().__init__()
        self.fc_in = nn.Linear(30, 24)
        self.lif_in = snn.Synaptic(alpha=0.9, beta=0.8, threshold=0.5)
        self.fc_out = nn.Linear(24, 4)
        self.lif_out = snn.Leaky(beta=0.9, reset_mechanism="none")

    def forward(self, x):
        syn, mem = self.lif_in.init_synaptic()
        mem_out = self.lif_out.init_leaky()
        mem_rec = []
        for step in range(x.size(0)):
            spk, syn, mem = self.lif_in(self.fc_in(x[step]), syn, mem)
            _, mem_out = self.lif_out(self.fc_out(spk), mem_out)
            mem_rec.append(mem_out)
        return torch.stack(mem_rec)


class HiddenSequential(nn.Module):
    """Hidden states that are reset in the forward, and the sum of the output's spikes."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(2, 4, 5, padding=2),
            snn.Leaky(beta=0.7, init_hidden=True),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(4 * 4 * 4, 5),
            snn.Leaky(beta=0.7, init_hidden=True, output=True),
        )

    def forward(self, data):
        spk_rec = []
        utils.reset(self.net)
        for step in range(data.size(0)):
            spk_out, _ = self.net(data[step])
            spk_rec.append(spk_out)
        return torch.stack(spk_rec).sum(0)


class BatchFirst(nn.Module):
    """Batch first, a learned leak, layers in a ModuleList, and the last membrane as the output."""

    def __init__(self, depth: int = 3) -> None:
        super().__init__()
        sizes = [20, 32, 32, 4]
        self.layers = nn.ModuleList(nn.Linear(*sizes[i : i + 2]) for i in range(depth))
        self.neurons = nn.ModuleList(
            snn.Leaky(beta=torch.rand(sizes[i + 1]), learn_beta=True, threshold=0.4)
            for i in range(depth)
        )

    def forward(self, x):
        mems = [lif.init_leaky() for lif in self.neurons]
        for t in range(x.shape[1]):
            out = x[:, t]
            for i, (fc, lif) in enumerate(zip(self.layers, self.neurons, strict=True)):
                out, mems[i] = lif(fc(out), mems[i])
        return mems[-1]


class Recurrent(nn.Module):
    """A recurrent layer, and the rate of its output."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(16, 20)
        self.rlif = snn.RLeaky(beta=0.8, linear_features=20)
        self.fc2 = nn.Linear(20, 3)
        self.lif = snn.Leaky(beta=0.8)

    def forward(self, x):
        spk1, mem1 = self.rlif.init_rleaky()
        mem2 = self.lif.init_leaky()
        outputs = []
        for x_t in x:
            spk1, mem1 = self.rlif(self.fc1(x_t), spk1, mem1)
            spk2, mem2 = self.lif(self.fc2(spk1), mem2)
            outputs.append(spk2)
        return torch.stack(outputs).mean(dim=0)


class RateCoded(nn.Module):
    """Bernoulli spikes drawn within the forward, which no conversion can keep."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(16, 4)
        self.lif = snn.Leaky(beta=0.9)

    def forward(self, x):
        mem = self.lif.init_leaky()
        total = 0
        for x_t in spikegen.rate(x, num_steps=10):
            spk, mem = self.lif(self.fc(x_t), mem)
            total = total + spk
        return total


MODELS = {
    "static MLP": (StaticMLP, (3, 64), 2.0),
    "convolutional": (Convolutional, (2, 1, 14, 14), 3.0),
    "event sequence": (EventSequence, (12, 3, 30), 1.0),
    "hidden Sequential": (HiddenSequential, (8, 2, 2, 8, 8), 2.0),
    "batch first": (BatchFirst, (3, 10, 20), 2.0),
    "recurrent": (Recurrent, (12, 2, 16), 2.0),
    "rate coded": (RateCoded, (2, 16), 1.0),
}
