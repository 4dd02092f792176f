"""sinabs as in papers' code: recurrent neurons, means and heads, and networks from deep ANNs."""

import sinabs.layers as sl
import torch
from sinabs.from_torch import from_model
from torch import nn


class Recurrent(nn.Module):
    """Recurrent neurons and a readout that leaks, the last voltage being the output."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(16, 20)
        self.rec = sl.LIFRecurrent(
            tau_mem=20.0, rec_connect=nn.Linear(20, 20, bias=False), norm_input=False
        )
        self.fc2 = nn.Linear(20, 4)
        self.out = sl.ExpLeak(tau_mem=30.0, norm_input=False)

    def forward(self, x):
        return self.out(self.fc2(self.rec(self.fc1(x))))[:, -1]


class MeanHead(nn.Module):
    """A classifier of the mean of hidden spikes over time, in a learned scale."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(18, 24),
            sl.ALIF(tau_mem=20.0, tau_adapt=40.0, norm_input=False),
            nn.Linear(24, 16),
            sl.IAF(),
        )
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.layers(x).mean(1))


class Wrapped(nn.Module):
    """A deep network of ReLUs as spikes, on frames whose counts are halved first."""

    def __init__(self) -> None:
        super().__init__()
        ann = nn.Sequential(
            nn.Conv2d(2, 6, 3, padding=1, bias=False),
            nn.ReLU(),
            sl.SumPool2d(2),
            nn.Conv2d(6, 8, 3, padding=1, bias=False),
            nn.ReLU(),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(32, 5, bias=False),
            nn.ReLU(),
        )
        self.snn = from_model(ann, batch_size=2, input_shape=(2, 8, 8)).spiking_model

    def forward(self, frames):
        batch, time = frames.shape[:2]
        out = self.snn(0.5 * torch.flatten(frames, 0, 1))
        return out.unflatten(0, (batch, time)).sum(1)


class Unflattened(nn.Module):
    """Time and batch joined and parted again by layers, for a batch of two."""

    def __init__(self) -> None:
        super().__init__()
        self.seq = nn.Sequential(
            sl.FlattenTime(),
            nn.Conv2d(2, 4, 3, bias=False),
            sl.IAFSqueeze(num_timesteps=6, min_v_mem=-1.0),
            nn.Flatten(),
            nn.Linear(144, 5, bias=False),
            sl.IAFSqueeze(num_timesteps=6),
            sl.UnflattenTime(batch_size=2),
        )

    def forward(self, x):
        return self.seq(x)


MODELS = {
    "leaky readout": (Recurrent, (3, 14, 16), 3.0),
    "mean head": (MeanHead, (3, 12, 18), 3.0),
    "wrapped": (Wrapped, (2, 8, 2, 8, 8), 4.0),
    "unflattened": (Unflattened, (2, 6, 2, 8, 8), 3.0),
}
