"""snnTorch as in papers' code: pixels scaled in the forward, loops by hand, heads behind a mean."""

import snntorch as snn
import torch
from torch import nn
from torch.nn import functional as F


class Pixels(nn.Module):
    """Bytes scaled in the forward, and the last membrane of an output that never resets."""

    def __init__(self, steps: int = 12) -> None:
        super().__init__()
        self.steps = steps
        self.conv = nn.Conv2d(1, 6, 3, stride=2)
        self.lif1 = snn.Leaky(beta=0.9, threshold=0.3, learn_beta=True)
        self.fc = nn.Linear(6 * 5 * 5, 10)
        self.lif2 = snn.Leaky(beta=0.9, reset_mechanism="none")

    def forward(self, x):
        x = 2 * (x / 255.0) - 1
        mem1, mem2 = self.lif1.init_leaky(), self.lif2.init_leaky()
        mem2_rec = []
        for _ in range(self.steps):
            spk1, mem1 = self.lif1(self.conv(x), mem1)
            _, mem2 = self.lif2(self.fc(torch.flatten(spk1, 1)), mem2)
            mem2_rec.append(mem2)
        return mem2_rec[-1]


class ByHand(nn.Module):
    """Feedback by hand through weights of its own, batch first, and the largest membrane."""

    def __init__(self, hidden: int = 24) -> None:
        super().__init__()
        self.hidden = hidden
        self.fc1 = nn.Linear(20, hidden)
        self.rec = nn.Linear(hidden, hidden, bias=False)
        self.lif1 = snn.Synaptic(alpha=0.8, beta=0.9, threshold=0.5)
        self.fc2 = nn.Linear(hidden, 4)
        self.li = snn.Leaky(beta=0.95, reset_mechanism="none")

    def forward(self, x):
        batch = x.shape[0]
        syn, mem = self.lif1.init_synaptic()
        out = self.li.init_leaky()
        spk = torch.zeros(batch, self.hidden, device=x.device)
        mem_rec = []
        for t in range(x.shape[1]):
            cur = self.fc1(x[:, t]) + self.rec(spk)
            spk, syn, mem = self.lif1(cur, syn, mem)
            _, out = self.li(self.fc2(spk), out)
            mem_rec.append(out)
        largest, _ = torch.stack(mem_rec, dim=1).max(dim=1)
        return F.log_softmax(largest, dim=1)


class MeanHead(nn.Module):
    """Norms and pools in every step, and a classifier of the mean of hidden spikes."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.ModuleList(
            [nn.Conv2d(2, 6, 3, padding=1), nn.Conv2d(6, 8, 3, padding=1)]
        )
        self.norms = nn.ModuleList([nn.BatchNorm2d(6), nn.BatchNorm2d(8)])
        self.neurons = nn.ModuleList([snn.Leaky(beta=0.5, threshold=0.5) for _ in range(2)])
        self.head = nn.Linear(8 * 2 * 2, 5)

    def forward(self, x):
        mems = [lif.init_leaky() for lif in self.neurons]
        hidden = []
        for frame in x:
            out = frame
            for i, (conv, norm, lif) in enumerate(
                zip(self.features, self.norms, self.neurons, strict=True)
            ):
                out, mems[i] = lif(norm(conv(out)), mems[i])
                out = F.avg_pool2d(out, 2)
            hidden.append(out.flatten(1))
        return self.head(torch.stack(hidden).mean(0))


class Population(nn.Module):
    """Classes of six neurons each, whose spikes are added up behind the loop."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(64, 40)
        self.lif1 = snn.Leaky(beta=0.9, threshold=0.6)
        self.fc2 = nn.Linear(40, 10 * 6)
        self.lif2 = snn.Leaky(beta=0.9, threshold=0.3)

    def forward(self, x):
        mem1, mem2 = self.lif1.init_leaky(), self.lif2.init_leaky()
        spk_rec = []
        for _ in range(12):
            spk1, mem1 = self.lif1(self.fc1(x.flatten(1)), mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
            spk_rec.append(spk2)
        counts = torch.stack(spk_rec).sum(0)
        return counts.view(counts.size(0), 10, -1).sum(-1)


MODELS = {
    "population": (Population, (3, 1, 8, 8), 1.0),
    "pixels": (Pixels, (3, 1, 12, 12), 255.0),
    "feedback by hand": (ByHand, (3, 12, 20), 2.0),
    "mean head": (MeanHead, (8, 2, 2, 8, 8), 3.0),
}
