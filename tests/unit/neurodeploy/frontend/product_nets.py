"""Networks whose forward multiplies spikes: and, and not, masks, sums, and attention."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from snncore import layer, models, neuron

Join = Callable[[Tensor, Tensor, Tensor], Tensor]


class Joined(nn.Module):
    """Three layers of spikes, joined by a function or a layer, and dense weights behind them."""

    def __init__(self, join: Join | nn.Module, fire: bool = False) -> None:
        super().__init__()
        self.first, self.second, self.third = (
            nn.Sequential(layer.Conv2d(2, 4, 3, padding=1), neuron.LIF(threshold=0.2))
            for _ in range(3)
        )
        self.join = join
        self.fire = neuron.LIF(threshold=0.5) if fire else nn.Identity()
        self.flat, self.dense = layer.Flatten(), layer.Linear(80, 6)
        self.output = neuron.LIF(threshold=0.05)

    def forward(self, x: Tensor) -> Tensor:
        joined = self.join(self.first(x), self.second(x), self.third(x))
        spikes: Tensor = self.output(self.dense(self.flat(self.fire(joined))))
        return spikes


class Residuals(nn.Module):
    """Residuals that join spikes in each way, one behind the other."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(layer.Conv2d(2, 4, 3, padding=1), neuron.LIF(threshold=0.2))
        self.blocks = nn.Sequential(
            *(
                layer.Residual(
                    nn.Sequential(
                        layer.Conv2d(4, 4, 3, padding=1),
                        layer.BatchNorm2d(4),
                        neuron.LIF(threshold=0.1),
                    ),
                    join=join,
                )
                for join in ("iand", "and", "add", "iand")
            )
        )
        self.flat, self.dense = layer.Flatten(), layer.Linear(80, 6)

    def forward(self, x: Tensor) -> Tensor:
        sums: Tensor = self.dense(self.flat(self.blocks(self.stem(x))))
        return sums


def attention() -> nn.Module:
    """A block of Spikformer behind a layer of spikes."""
    return nn.Sequential(
        layer.Conv2d(2, 4, 3, padding=1),
        neuron.LIF(threshold=0.1),
        models.SpikingTransformerBlock(4, heads=2, ratio=2),
        layer.Flatten(),
        layer.Linear(80, 6),
    )


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "and": lambda: Joined(lambda a, b, c: a * b),
    "and not": lambda: Joined(lambda a, b, c: (1.0 - a) * torch.mul(b, c)),
    "mask": lambda: Joined(lambda a, b, c: a.mul(b[:, :, 1:2]) * (1 - c[..., 2:3])),
    "sum": lambda: Joined(lambda a, b, c: (a + c) * b),
    "neurons": lambda: Joined(lambda a, b, c: a * b, fire=True),
    "attention": lambda: Joined(layer.SpikeAttention(2, 0.25), fire=True),
    "attended weights": lambda: Joined(layer.SpikeAttention(2, 0.5)),
    "transformer": attention,
    "residuals": Residuals,
}


def drawn(name: str) -> tuple[nn.Module, Tensor]:
    """Return the network with lively weights, and samples for it."""
    torch.manual_seed(sum(map(ord, name)))
    network = NETWORKS[name]()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, layer.BatchNorm):
                module.weight.fill_(2.0)
                module.bias.fill_(0.5)
    return network.eval(), (torch.rand(6, 3, 2, 5, 4) < 0.5).float()
