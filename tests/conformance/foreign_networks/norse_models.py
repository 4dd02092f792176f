"""Norse: cells with explicit states, outputs written into a buffer, and decoders of membranes."""

import norse.torch as snn
import torch
from norse.torch import LICell, LIFCell, LIFParameters, LIFRecurrentCell
from torch import nn
from torch.nn import functional as F


class ConvNet(nn.Module):
    """The MNIST tutorial's: functional pools, and voltages written into a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.features = 3 * 3 * 12
        self.conv1 = nn.Conv2d(1, 6, 5, 1)
        self.conv2 = nn.Conv2d(6, 12, 3, 1)
        self.fc1 = nn.Linear(self.features, 30)
        self.lif0 = LIFCell(p=LIFParameters(method="super", alpha=100))
        self.lif1 = LIFCell(p=LIFParameters(method="super", alpha=100))
        self.lif2 = LIFCell(p=LIFParameters(method="super", alpha=100))
        self.out = LICell()
        self.head = nn.Linear(30, 10)

    def forward(self, x):
        seq_length, batch_size = x.shape[0], x.shape[1]
        s0 = s1 = s2 = so = None
        voltages = torch.zeros(seq_length, batch_size, 10, device=x.device, dtype=x.dtype)
        for ts in range(seq_length):
            z = self.conv1(x[ts, :])
            z, s0 = self.lif0(z, s0)
            z = F.max_pool2d(z, 2, 2)
            z, s1 = self.lif1(self.conv2(z), s1)
            z = F.max_pool2d(z, 2, 1)
            z = z.view(-1, self.features)
            z, s2 = self.lif2(self.fc1(z), s2)
            v, so = self.out(self.head(z), so)
            voltages[ts, :, :] = v
        m, _ = torch.max(voltages, 0)
        return F.log_softmax(m, dim=1)


class Sequence(nn.Module):
    """A SequentialState that is called step by step, and its last voltage."""

    def __init__(self) -> None:
        super().__init__()
        self.net = snn.SequentialState(
            nn.Linear(20, 30),
            LIFCell(LIFParameters(v_th=torch.as_tensor(0.3))),
            nn.Linear(30, 4),
            LICell(),
        )

    def forward(self, x):
        state = None
        for x_t in x:
            out, state = self.net(x_t, state)
        return out


class Lifted(nn.Module):
    """Layers over whole sequences, with torch's own lifted over time."""

    def __init__(self) -> None:
        super().__init__()
        self.net = snn.SequentialState(
            snn.Lift(nn.Conv2d(2, 5, 3)),
            snn.LIF(p=LIFParameters(v_th=torch.as_tensor(0.2))),
            nn.Flatten(2),
            nn.Linear(5 * 6 * 6, 8),
            snn.LIF(p=LIFParameters(v_th=torch.as_tensor(0.1))),
        )

    def forward(self, x):
        spikes, _ = self.net(x)
        return spikes.sum(0)


class Memory(nn.Module):
    """A recurrent cell before an integrator, with the outputs in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = LIFRecurrentCell(12, 16, p=LIFParameters(v_th=torch.as_tensor(0.2)))
        self.fc = nn.Linear(16, 3, bias=False)
        self.out = LICell()

    def forward(self, x):
        s1 = so = None
        outputs = []
        for t in range(x.shape[0]):
            z, s1 = self.cell(x[t], s1)
            vo, so = self.out(self.fc(z), so)
            outputs += [vo]
        return torch.stack(outputs).mean(0)


MODELS = {
    "buffer": (ConvNet, (8, 2, 1, 16, 16), 30.0),
    "sequential state": (Sequence, (12, 2, 20), 10.0),
    "lifted": (Lifted, (10, 2, 2, 8, 8), 10.0),
    "recurrent": (Memory, (12, 2, 12), 10.0),
}
