"""Small networks for each row of the tables in docs/conformance.md, by the row's first cell."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from neurodeploy.data.structure import Shape
from snncore import decoding, encoding, layer, neuron
from snncore.dynamics import select, spike
from tests.conformance.networks import Case

# A network in floats or on a chip's grid, and the shape of a sample.
Built = tuple[nn.Module, Shape]
Make = Callable[[], Built | Case]


class Calls(nn.Module):
    """Layers, and a function of the input and of them."""

    def __init__(self, forward: Callable[..., Tensor], *layers: nn.Module) -> None:
        super().__init__()
        self.layers, self.calls = nn.ModuleList(layers), forward

    def forward(self, x: Tensor) -> Tensor:
        return self.calls(x, *self.layers)


@neuron.define(states={"v": 0.0}, params={"decay": 0.5, "threshold": 1.0}, inputs=2)
def Fed(v: Any, x: Any, fed: Any, *, decay: Any, threshold: Any) -> Any:  # noqa: N802
    """Return a neuron that reads its feedback as an input of its own."""
    h = decay * v + x + fed
    s = spike(h - threshold)
    return select(s, 0.0, h), s


def lif() -> nn.Module:
    return neuron.LIF()


def image(inputs: int = 2, outputs: int = 4) -> nn.Module:
    return layer.Conv2d(inputs, outputs, 3, padding=1)


def chain(shape: Shape, *layers: nn.Module) -> Built:
    return nn.Sequential(*layers), shape


def firing(kind: Callable[..., nn.Module], **parameters: Any) -> Make:
    """Return a maker of neurons between dense weights."""
    return lambda: chain(
        (6,), layer.Linear(6, 8, bias=False), kind(**parameters), layer.Linear(8, 4), lif()
    )


def behind(make: Callable[[], nn.Module], width: int) -> Make:
    """Return a maker of a layer that reads an image's spikes, and of dense weights behind it."""
    return lambda: chain(
        (2, 6, 6), image(), lif(), make(), layer.Flatten(), layer.Linear(width, 5), lif()
    )


def on_line(make: Callable[[], nn.Module], width: int) -> Make:
    """Return the same for spikes along a line."""
    first = partial(layer.Conv1d, 2, 3, 3, padding=1)
    return lambda: chain(
        (2, 8), first(), lif(), make(), layer.Flatten(), layer.Linear(width, 4), lif()
    )


def in_volume(make: Callable[[], nn.Module], width: int) -> Make:
    """Return the same for the spikes of a volume."""
    first = partial(layer.Conv3d, 2, 3, 3, padding=1)
    return lambda: chain(
        (2, 4, 4, 4), first(), lif(), make(), layer.Flatten(), layer.Linear(width, 4), lif()
    )


def summed(make: Callable[[], nn.Module], shape: Shape, *behind: Callable[[], nn.Module]) -> Make:
    """Return a maker of weights, what reads their sums, and neurons."""
    return lambda: chain(shape, make(), *(each() for each in behind), lif())


def standardized(make: Callable[[], nn.Module], shape: Shape) -> Make:
    """Return a maker of weights whose sums are small, and of neurons that they make fire."""
    return lambda: chain(shape, make(), neuron.LIF(threshold=0.05))


def dense(*layers: Callable[[], nn.Module], width: int = 8) -> Make:
    """Return a maker of layers between dense weights and their neurons."""
    return lambda: chain(
        (6,),
        layer.Linear(6, 8),
        lif(),
        *(each() for each in layers),
        layer.Linear(width, 4),
        lif(),
    )


def encoded(*layers: Callable[[], nn.Module]) -> Make:
    """Return a maker of an encoder, what reads it, and dense weights behind that."""
    return lambda: chain(
        (6,), encoding.Direct(), *(each() for each in layers), layer.Linear(6, 4), lif()
    )


def ending(decoder: Callable[[Tensor], Tensor], *, fires: bool = False) -> Make:
    """Return a maker of a network that ends in a decoder."""

    def forward(x: Tensor, first: Any, neurons: Any, last: Any, *more: Any) -> Tensor:
        values = last(neurons(first(x)))
        return decoder(more[0](values) if more else values)

    layers = (layer.Linear(6, 8), lif(), layer.Linear(8, 4), *([lif()] if fires else []))
    return lambda: (Calls(forward, *layers), (6,))


def joined(join: Callable[[Tensor, Tensor], Tensor], channels: int, *, fire: bool = True) -> Make:
    """Return a maker of two convolutions, joined, and one behind them."""

    def forward(x: Tensor, a: Any, m: Any, b: Any, n: Any, c: Any, o: Any) -> Tensor:
        return o(c(join(m(a(x)), n(b(x))))) if fire else o(join(a(x), b(x)))

    parts = (image(), lif(), image(), lif(), image(channels), lif())
    return lambda: (Calls(forward, *parts), (2, 6, 6))


def largest_of_sum() -> Built:
    def forward(x: Tensor, a: Any, m: Any, b: Any, n: Any, pool: Any, c: Any, o: Any) -> Tensor:
        return o(c(pool(m(a(x)) + n(b(x)))))

    parts = (image(), lif(), image(), lif(), layer.MaxPool2d(2), image(4), lif())
    return Calls(forward, *parts), (2, 6, 6)


def mean_over_space() -> Built:
    def forward(x: Tensor, first: Any, neurons: Any, last: Any, end: Any) -> Tensor:
        return end(last(neurons(first(x)).mean((-2, -1))))

    return Calls(forward, image(), lif(), layer.Linear(4, 4), lif()), (2, 6, 6)


def cut(take: Callable[[Tensor], Tensor]) -> Make:
    """Return a maker of a convolution that reads part of another's channels."""

    def forward(x: Tensor, first: Any, neurons: Any, last: Any, end: Any) -> Tensor:
        return end(last(take(neurons(first(x)))))

    return lambda: (Calls(forward, image(), lif(), image(2), lif()), (2, 6, 6))


def residual(join: str) -> Make:
    block = lambda: layer.Residual(nn.Sequential(layer.Linear(8, 8), lif()), join=join)  # noqa: E731
    return dense(block)


def attending(attend: nn.Module, count: int = 2) -> Make:
    """Return a maker of an attention of spikes, and weights behind its neurons."""

    def forward(x: Tensor, attends: Any, *layers: Any) -> Tensor:
        *parts, fire, last, end = layers
        read = [
            neurons(weights(x)) for weights, neurons in zip(parts[::2], parts[1::2], strict=True)
        ]
        return end(last(fire(attends(*read))))

    parts = [part for _ in range(count) for part in (image(), lif())]
    return lambda: (Calls(forward, attend, *parts, lif(), image(4), lif()), (2, 4, 4))


LAYERS: dict[str, tuple[Make, ...]] = {
    "`Linear`, `Conv2d`, `Flatten`": (behind(nn.Identity, 144),),
    "`Conv1d`, `WSConv1d`": (
        on_line(nn.Identity, 24),
        standardized(partial(layer.WSConv1d, 2, 3, 3), (2, 8)),
    ),
    "`Conv3d`, `WSConv3d`": (
        in_volume(nn.Identity, 192),
        standardized(partial(layer.WSConv3d, 2, 3, 3), (2, 4, 4, 4)),
    ),
    "`WSLinear`, `WSConv2d`": (
        standardized(partial(layer.WSLinear, 6, 8), (6,)),
        standardized(partial(layer.WSConv2d, 2, 4, 3), (2, 6, 6)),
    ),
    "`ConvTranspose1d`, `2d`": (
        summed(partial(layer.ConvTranspose1d, 2, 3, 3, stride=2, padding=1), (2, 8)),
        summed(partial(layer.ConvTranspose2d, 2, 3, 3, stride=2, padding=1), (2, 4, 4)),
    ),
    "`ConvTranspose3d`": (
        summed(partial(layer.ConvTranspose3d, 2, 3, 3, stride=2, padding=1), (2, 3, 3, 3)),
    ),
    "`SumPool2d`, `AdaptiveSumPool2d`, `AvgPool2d`, `AdaptiveAvgPool2d`, the mean over space": (
        behind(partial(layer.AdaptiveSumPool2d, 2), 16),
        mean_over_space,
        behind(partial(layer.SumPool2d, 2), 36),
        behind(partial(layer.AvgPool2d, 2), 36),
        behind(partial(layer.AdaptiveAvgPool2d, 2), 16),
    ),
    "`AvgPool1d`, `AdaptiveAvgPool1d`": (
        on_line(partial(layer.AvgPool1d, 2), 12),
        on_line(partial(layer.AdaptiveAvgPool1d, 2), 6),
    ),
    "`MaxPool1d`, `2d` of spikes": (
        on_line(partial(layer.MaxPool1d, 2), 12),
        behind(partial(layer.MaxPool2d, 2), 36),
    ),
    "`AvgPool3d`, `AdaptiveAvgPool3d`, `MaxPool3d`": (
        in_volume(partial(layer.AvgPool3d, 2), 24),
        in_volume(partial(layer.AdaptiveAvgPool3d, 1), 3),
        in_volume(partial(layer.MaxPool3d, 2), 24),
    ),
    "`BatchNorm1d`, `2d`, `ThresholdBatchNorm1d`, `2d` behind weights": (
        summed(partial(layer.Linear, 6, 8), (6,), partial(layer.BatchNorm1d, 8)),
        summed(image, (2, 6, 6), partial(layer.BatchNorm2d, 4)),
        summed(image, (2, 6, 6), partial(layer.ThresholdBatchNorm2d, 4)),
        summed(partial(layer.Linear, 6, 8), (6,), partial(layer.ThresholdBatchNorm1d, 8)),
    ),
    "`TemporalBatchNorm1d`, `2d` of one scale behind weights": (
        summed(image, (2, 6, 6), partial(layer.TemporalBatchNorm2d, 4, steps=8)),
        summed(partial(layer.Linear, 6, 8), (6,), partial(layer.TemporalBatchNorm1d, 8, steps=8)),
    ),
    "`BatchNorm3d`, `ThresholdBatchNorm3d`, `TemporalBatchNorm3d` of one scale behind weights": (
        summed(partial(layer.Conv3d, 2, 3, 3), (2, 4, 4, 4), partial(layer.BatchNorm3d, 3)),
        summed(
            partial(layer.Conv3d, 2, 3, 3), (2, 4, 4, 4), partial(layer.ThresholdBatchNorm3d, 3)
        ),
        summed(
            partial(layer.Conv3d, 2, 3, 3),
            (2, 4, 4, 4),
            partial(layer.TemporalBatchNorm3d, 3, steps=8),
        ),
    ),
    "`StepBatchNorm1d`, `2d`, `3d`": (
        summed(image, (2, 6, 6), partial(layer.StepBatchNorm2d, 4, steps=8)),
        summed(partial(layer.Linear, 6, 8), (6,), partial(layer.StepBatchNorm1d, 8, steps=8)),
    ),
    "`GroupNorm`": (summed(image, (2, 6, 6), partial(layer.GroupNorm, 2, 4)),),
    "`Concat`, `Chunk`, `Slice`, `Permute`, `Transpose`, `Upsample`": (
        joined(lambda a, b: torch.cat((a, b), 2), 8),
        cut(lambda x: x.chunk(2, 2)[1]),
        cut(lambda x: x[:, :, 1:3]),
        behind(partial(layer.Permute, (0, 2, 1)), 144),
        behind(partial(layer.Transpose, 1, 2), 144),
        behind(partial(layer.Upsample, 2), 576),
    ),
    "`Reshape`": (
        behind(partial(layer.Reshape, (16, 9)), 144),
        lambda: chain((2, 6, 6), image(), lif(), layer.Reshape((8, 3, 6)), image(8), lif()),
    ),
    "sums of branches, `Residual` (add)": (
        residual("add"),
        joined(lambda a, b: a + b, 4),
        joined(lambda a, b: a + b, 4, fire=False),
    ),
    "`MaxPool2d` of a sum of spikes": (largest_of_sum,),
    "products of spikes, `Residual` (and, iand)": (
        residual("and"),
        residual("iand"),
        joined(lambda a, b: a * b, 4),
        joined(lambda a, b: a * (1 - b[:, :, 1:2]), 4),
    ),
    "`SpikeAttention` with a scale that is a power of two": (
        attending(layer.SpikeAttention(2), 3),
    ),
    "`TokenAttention`, `ChannelAttention`, `SpikeDrivenAttention`": (
        attending(layer.TokenAttention(4, 2, neuron.LIF(threshold=0.5))),
        attending(layer.ChannelAttention(lif())),
        attending(layer.SpikeDrivenAttention(lif()), 3),
    ),
    "`Delay`, `LearnedDelay`": (
        dense(partial(layer.Delay, 2)),
        dense(partial(layer.LearnedDelay, 8, 3)),
    ),
    "`SpikingRNN`, `SpikingGRU`, `SpikingLSTM`": (
        dense(partial(layer.SpikingRNN, 8, 8)),
        dense(partial(layer.SpikingGRU, 8, 8)),
        dense(partial(layer.SpikingLSTM, 8, 8)),
    ),
    "`TemporalAttention`, `MultiDimensionalAttention`": (
        dense(partial(layer.TemporalAttention, 8, 2)),
        behind(
            partial(layer.MultiDimensionalAttention, 8, 4, step_reduction=2, channel_reduction=2),
            144,
        ),
    ),
    "`Recurrent` with `Linear` as feedback": (
        dense(
            partial(layer.Linear, 8, 8),
            lambda: layer.Recurrent(lif(), layer.Linear(8, 8, bias=False)),
        ),
    ),
    "`Recurrent` whose feedback is an input of its own": (
        dense(
            partial(layer.Linear, 8, 8),
            lambda: layer.Recurrent(Fed(), layer.Linear(8, 8), separate=True),
        ),
    ),
    "`Recurrent` without weights": (
        dense(partial(layer.Linear, 8, 8), lambda: layer.Recurrent(lif())),
    ),
    "`SynapticFilter`": (dense(layer.SynapticFilter),),
    "`S4D`": (dense(partial(layer.S4D, 8, 2)),),
    "`Dropout`, `Dropout2d`": (
        dense(partial(layer.Dropout, 0.5)),
        behind(partial(layer.Dropout2d, 0.5), 144),
    ),
    "`Sequence`, `TimeDistributed`": (
        dense(lambda: layer.Sequence(nn.Linear(8, 8), lif())),
        dense(lambda: layer.TimeDistributed(nn.Linear(8, 8)), lif),
    ),
    "`Steps`": (
        dense(lambda: layer.Steps(nn.Sequential(nn.Linear(8, 8), neuron.LIF(step_mode="s")))),
    ),
    "`encoding.Direct` before weights or pools": (
        encoded(partial(layer.Linear, 6, 6), lif),
        lambda: chain(
            (2, 6, 6), encoding.Direct(), layer.AvgPool2d(2), layer.Conv2d(2, 4, 2), lif()
        ),
    ),
    "`encoding.Direct` before neurons: `encoding.Rate`, `IF`, `LIF`, `CubaLIF`": (
        encoded(encoding.Rate),
        encoded(partial(neuron.LIF, threshold=0.5)),
        encoded(neuron.IF),
        encoded(neuron.CubaLIF),
    ),
    "`encoding.Latency`, `encoding.Delta`": (encoded(encoding.Latency), encoded(encoding.Delta)),
    "weights without neurons at the end": (
        lambda: chain((6,), layer.Linear(6, 8), lif(), layer.Linear(8, 4)),
    ),
    "`Affine` beside weights": (
        lambda: chain(
            (6,),
            layer.Affine(0.5),
            layer.Linear(6, 8),
            lif(),
            layer.Linear(8, 4),
            layer.Affine(1.5, 0.25),
            lif(),
        ),
    ),
    "`Vote`": (
        lambda: chain((6,), layer.Linear(6, 8), lif(), layer.Linear(8, 12), lif(), layer.Vote(3)),
    ),
    "decoders over time: rate, count, last, largest, first spike": (
        ending(decoding.rate),
        ending(decoding.count),
        ending(decoding.last_value),
        ending(decoding.largest_value),
        ending(decoding.first_spike, fires=True),
    ),
    "the first spike of values that are not spikes, `decoding.phase`": (
        ending(decoding.first_spike),
        ending(decoding.phase, fires=True),
    ),
    "concatenation of sums in unlike units": (
        joined(lambda a, b: torch.cat((a, b), 2), 8, fire=False),
    ),
}
