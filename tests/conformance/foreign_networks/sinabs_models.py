"""sinabs: batches first, time second, and steps merged into the batch by squeezing layers."""

import sinabs.layers as sl
from sinabs.from_torch import from_model
from torch import nn


class Dense(nn.Module):
    """A stack of dense layers on (batch, time, features)."""

    def __init__(self) -> None:
        super().__init__()
        self.seq = nn.Sequential(
            nn.Linear(20, 30), sl.LIF(tau_mem=20.0), nn.Linear(30, 5), sl.LIF(tau_mem=20.0)
        )

    def forward(self, x):
        return self.seq(x).sum(1)


class Squeezed(nn.Module):
    """A convolutional network with time in the batch, as DynapCNN's come from ANNs."""

    def __init__(self) -> None:
        super().__init__()
        self.spiking_model = nn.Sequential(
            nn.Conv2d(2, 6, 3, padding=1, bias=False),
            sl.IAFSqueeze(num_timesteps=6, min_v_mem=-1.0),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 8, 3, padding=1, bias=False),
            sl.IAFSqueeze(num_timesteps=6, min_v_mem=-1.0),
            nn.AvgPool2d(2),
            nn.Dropout2d(0.5),
            nn.Flatten(),
            nn.Linear(8 * 2 * 2, 5, bias=False),
            sl.IAFSqueeze(num_timesteps=6, min_v_mem=-1.0),
        )

    def forward(self, x):
        batch, time = x.shape[:2]
        out = self.spiking_model(x.reshape(batch * time, *x.shape[2:]))
        return out.reshape(batch, time, -1)


class Adaptive(nn.Module):
    """Adaptive neurons before a leaky readout that does not fire."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(16, 24)
        self.spk1 = sl.ALIF(tau_mem=30.0, tau_adapt=50.0)
        self.fc2 = nn.Linear(24, 4)
        self.readout = sl.ExpLeak(tau_mem=20.0)

    def forward(self, data):
        return self.readout(self.fc2(self.spk1(self.fc1(data))))


def from_ann():
    """Make a network of ReLUs one of spikes, which takes (batch * time, ...)."""
    ann = nn.Sequential(
        nn.Conv2d(2, 4, 3, bias=False),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(36, 5, bias=False),
        nn.ReLU(),
    )
    return from_model(ann, batch_size=2, input_shape=(2, 8, 8)).spiking_model


MODELS = {
    "dense": (Dense, (3, 12, 20), 6.0),
    "squeezed": (Squeezed, (2, 6, 2, 8, 8), 3.0),
    "from an ann": (from_ann, (20, 2, 8, 8), 3.0),
    "adaptive": (Adaptive, (3, 15, 16), 16.0),
}
