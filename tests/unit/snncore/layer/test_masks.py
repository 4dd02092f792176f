"""Attention by masks is the formula of its paper, in every step mode, and on every grid."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.frontend.training import training_trace
from neurodeploy.verification.compare import compare
from snncore import functional, layer, neuron

HEADS, CHANNELS = 2, 6


def token_attention(fire: Any, query: Tensor, key: Tensor) -> Tensor:
    """QKFormer: A_t = SN(sum over the channels of a head of Q), X' = A_t * K."""
    shape = query.shape
    heads = query.reshape(*shape[:2], HEADS, CHANNELS // HEADS, -1)
    mask = fire(heads.sum(3, keepdim=True))
    return (mask * key.reshape(heads.shape)).reshape(shape)


def channel_attention(fire: Any, query: Tensor, key: Tensor) -> Tensor:
    """QKFormer: A_c = SN(sum over the tokens of Q), X' = A_c * K."""
    return fire(query.sum((-2, -1), keepdim=True)) * key


def spike_driven(fire: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Spike-driven transformer: SDSA = SN(SUM_c(K * V)) * Q."""
    return fire((key * value).sum((-2, -1), keepdim=True)) * query


Make = Callable[[nn.Module, str], nn.Module]
LAYERS: dict[str, tuple[Make, Callable[..., Tensor], int]] = {
    "tokens": (
        lambda fire, mode: layer.TokenAttention(CHANNELS, HEADS, fire, step_mode=mode),
        token_attention,
        2,
    ),
    "channels": (lambda fire, mode: layer.ChannelAttention(fire), channel_attention, 2),
    "spike-driven": (lambda fire, mode: layer.SpikeDrivenAttention(fire), spike_driven, 3),
}


def spikes(count: int, seed: int = 0) -> list[Tensor]:
    drawn = torch.Generator().manual_seed(seed)
    shape = (count, 5, 2, CHANNELS, 3, 4)
    return list((torch.rand(shape, generator=drawn) < 0.3).float())


def fire(mode: str = "m", threshold: float = 1.5) -> neuron.LIF:
    return neuron.LIF(threshold=threshold, step_mode=mode)


@pytest.mark.parametrize("name", LAYERS)
def test_it_is_the_papers_formula(name: str) -> None:
    make, formula, count = LAYERS[name]
    values = spikes(count)
    expected = formula(fire(), *values)
    assert 10 < int(expected.sum()) < int(values[0].sum())
    assert torch.equal(make(fire(), "m")(*values), expected)


@pytest.mark.parametrize("name", LAYERS)
def test_single_steps_are_the_sequence(name: str) -> None:
    make, formula, count = LAYERS[name]
    values = spikes(count)
    stepping = make(fire("s"), "s")
    steps = [stepping(*(each[t] for each in values)) for t in range(len(values[0]))]
    assert torch.equal(torch.stack(steps), formula(fire(), *values))


def test_heads_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="TokenAttention: 4 heads do not divide 6 channels"):
        layer.TokenAttention(6, 4, fire())


class Attending(nn.Module):
    """Layers of spikes for an attention, and dense weights behind it."""

    def __init__(self, attend: nn.Module, count: int) -> None:
        super().__init__()
        self.parts = nn.ModuleList(
            nn.Sequential(layer.Conv2d(2, CHANNELS, 3, padding=1), neuron.LIF(threshold=0.2))
            for _ in range(count)
        )
        self.attend, self.flat = attend, layer.Flatten()
        self.out = layer.Linear(CHANNELS * 12, 5)

    def forward(self, x: Tensor) -> Tensor:
        sums: Tensor = self.out(self.flat(self.attend(*(part(x) for part in self.parts))))
        return sums


@pytest.mark.parametrize("target", ["onnx", "lynxi"])
@pytest.mark.parametrize("name", LAYERS)
def test_training_on_a_grid_is_golden(name: str, target: str) -> None:
    make, _, count = LAYERS[name]
    torch.manual_seed(3)
    network = Attending(make(fire(threshold=0.7), "m"), count).eval()
    samples = (torch.rand(6, 2, 2, 3, 4) < 0.5).float()
    before = network(samples).detach()
    functional.reset(network)
    prepared = quant.prepare(network, target=target, example=samples).eval()
    program = nd.lower(prepared, example=samples)
    golden = nd.simulate(program, samples, engine="golden")
    trained = training_trace(prepared, program, samples.numpy().astype("int64"))
    assert compare("training", golden, trained, 0.0).same
    masks = golden["attend.fire"].s
    assert 0 < masks.mean() < 1
    # Close to the floats, in which nothing is rounded.
    apart = (prepared(samples).detach() - before).abs()
    assert float(apart.mean()) < 0.2 * float(before.abs().mean())


def test_sums_over_windows_are_not_means() -> None:
    image = torch.arange(24.0).reshape(1, 1, 1, 4, 6)
    total = layer.AdaptiveSumPool2d((2, 3))(image)
    assert torch.equal(total, 4 * layer.AdaptiveAvgPool2d((2, 3))(image))
    with pytest.raises(ValueError, match="AdaptiveSumPool2d: no windows tile 4 x 6 into 3 x 3"):
        layer.AdaptiveSumPool2d(3)(image)
