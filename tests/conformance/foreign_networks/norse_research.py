"""Norse as in papers' code: currents times ten, recurrent long memory, and states by hand."""

import norse.torch as norse
import torch
from norse.torch import LICell, LIFCell, LIFParameters, LSNNParameters, LSNNRecurrentCell
from torch import nn
from torch.nn import functional as F


class Tenfold(nn.Module):
    """Currents times ten, a buffer of voltages, and the largest one over time."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 5, 3)
        self.conv2 = nn.Conv2d(5, 8, 3)
        self.fc1 = nn.Linear(8 * 2 * 2, 12)
        self.lif0 = LIFCell(p=LIFParameters(v_th=torch.as_tensor(0.7)))
        self.lif1 = LIFCell(p=LIFParameters(v_th=torch.as_tensor(0.7)))
        self.lif2 = LIFCell()
        self.out = norse.LILinearCell(12, 4)

    def forward(self, x):
        steps, batch = x.shape[:2]
        s0 = s1 = s2 = so = None
        voltages = torch.empty(steps, batch, 4, device=x.device, dtype=x.dtype)
        for ts in range(steps):
            z, s0 = self.lif0(10 * self.conv1(x[ts]), s0)
            z = F.max_pool2d(z, 2, 2)
            z, s1 = self.lif1(10 * self.conv2(z), s1)
            z = F.max_pool2d(z, 2, 2)
            z, s2 = self.lif2(10 * self.fc1(z.view(batch, -1)), s2)
            v, so = self.out(F.relu(z), so)
            voltages[ts, :, :] = v
        m, _ = torch.max(voltages, 0)
        return F.log_softmax(m, dim=1)


class LongMemory(nn.Module):
    """Recurrent adaptive neurons before an integrator, batch first."""

    def __init__(self) -> None:
        super().__init__()
        self.lsnn = LSNNRecurrentCell(16, 20, p=LSNNParameters(v_th=torch.as_tensor(0.2)))
        self.fc = nn.Linear(20, 3, bias=False)
        self.li = LICell(dt=0.001)

    def forward(self, x):
        state = out = None
        rec = []
        for t in range(x.size(1)):
            z, state = self.lsnn(x[:, t, :], state)
            v, out = self.li(self.fc(z), out)
            rec.append(v)
        return torch.stack(rec, 1)[:, -1]


class Pipeline(nn.Module):
    """A SequentialState over whole sequences with recurrent neurons, and the largest voltage."""

    def __init__(self) -> None:
        super().__init__()
        self.net = norse.SequentialState(
            norse.LIFRecurrent(14, 18, p=LIFParameters(v_th=torch.as_tensor(0.2))),
            nn.Linear(18, 10),
            norse.LIF(p=LIFParameters(v_th=torch.as_tensor(0.1))),
            nn.Linear(10, 3),
            norse.LI(),
        )

    def forward(self, x):
        voltages, _ = self.net(x)
        return voltages.amax(0)


class Encoded(nn.Module):
    """Norse's introduction: a constant current makes spikes, then convolutions over sequences."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = norse.ConstantCurrentLIFEncoder(12)
        self.body = norse.SequentialState(
            norse.LConv2d(1, 4, 3, stride=2),
            norse.LIF(p=LIFParameters(v_th=torch.as_tensor(0.1))),
            nn.Flatten(2),
            nn.Linear(64, 4),
            norse.LI(),
        )

    def forward(self, x):
        voltages, _ = self.body(self.encoder(2 * x))
        return voltages[-1]


MODELS = {
    "tenfold": (Tenfold, (8, 2, 1, 14, 14), 3.0),
    "long memory": (LongMemory, (2, 14, 16), 20.0),
    "pipeline": (Pipeline, (12, 2, 14), 20.0),
    "encoded": (Encoded, (3, 1, 10, 10), 3.0),
}
