"""Layers without states: torch's layer of each step, in both step modes, and their configs."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from snncore import functional, layer

LINE, IMAGE, VOLUME = (4, 9), (4, 7, 6), (4, 5, 6, 4)


def sequence(shape: tuple[int, ...]) -> Tensor:
    return torch.randn(3, 2, *shape, generator=torch.Generator().manual_seed(0))


CASES: dict[str, tuple[Any, Any, tuple[int, ...]]] = {
    "Conv1d": (layer.Conv1d(4, 6, 3, 2, 1, 2, 2), nn.Conv1d(4, 6, 3, 2, 1, 2, 2), LINE),
    "Conv3d": (layer.Conv3d(4, 2, (1, 2, 3)), nn.Conv3d(4, 2, (1, 2, 3)), VOLUME),
    "ConvTranspose1d": (
        layer.ConvTranspose1d(4, 6, 3, 2, 1, 1, 2, False, 1),
        nn.ConvTranspose1d(4, 6, 3, 2, 1, 1, 2, False, 1),
        LINE,
    ),
    "ConvTranspose2d": (
        layer.ConvTranspose2d(4, 6, (2, 3), 2, dilation=2),
        nn.ConvTranspose2d(4, 6, (2, 3), 2, dilation=2),
        IMAGE,
    ),
    "ConvTranspose3d": (layer.ConvTranspose3d(4, 2, 2), nn.ConvTranspose3d(4, 2, 2), VOLUME),
    "AvgPool1d": (layer.AvgPool1d(2), nn.AvgPool1d(2), LINE),
    "AvgPool2d": (
        layer.AvgPool2d((3, 2), 2, (1, 0), True, False),
        nn.AvgPool2d((3, 2), 2, (1, 0), True, False),
        IMAGE,
    ),
    "AvgPool3d": (layer.AvgPool3d(2, 1), nn.AvgPool3d(2, 1), VOLUME),
    "MaxPool1d": (layer.MaxPool1d(3, 2), nn.MaxPool1d(3, 2), LINE),
    "MaxPool2d": (
        layer.MaxPool2d((3, 2), 2, (1, 0), 2, True),
        nn.MaxPool2d((3, 2), 2, (1, 0), 2, ceil_mode=True),
        IMAGE,
    ),
    "MaxPool3d": (layer.MaxPool3d(2), nn.MaxPool3d(2), VOLUME),
    "AdaptiveAvgPool1d": (layer.AdaptiveAvgPool1d(4), nn.AdaptiveAvgPool1d(4), LINE),
    "AdaptiveAvgPool2d": (layer.AdaptiveAvgPool2d((3, 2)), nn.AdaptiveAvgPool2d((3, 2)), IMAGE),
    "AdaptiveAvgPool3d": (layer.AdaptiveAvgPool3d(2), nn.AdaptiveAvgPool3d(2), VOLUME),
}


@pytest.mark.parametrize("name", CASES)
def test_a_layer_of_a_sequence_is_torchs_of_each_step(name: str) -> None:
    ours, torchs, shape = CASES[name]
    torchs.load_state_dict(ours.state_dict())
    x = sequence(shape)
    expected = torch.stack([torchs(step) for step in x])
    assert torch.allclose(ours(x), expected, atol=1e-6)
    assert torch.allclose(ours(x[0]), expected[0], atol=1e-6)
    assert ours.input_shape == shape


@pytest.mark.parametrize("name", CASES)
def test_a_config_makes_an_equal_layer(name: str) -> None:
    ours, _, shape = CASES[name]
    again = type(ours)(**ours.config())
    assert again.config() == ours.config()
    again.load_state_dict(ours.state_dict())
    assert torch.equal(again(sequence(shape)), ours(sequence(shape)))


NORMS: dict[str, tuple[Any, Any, tuple[int, ...]]] = {
    "BatchNorm1d of features": (layer.BatchNorm1d(4), nn.BatchNorm1d(4), (4,)),
    "BatchNorm1d of lines": (layer.BatchNorm1d(4, 1e-3, 0.3), nn.BatchNorm1d(4, 1e-3, 0.3), LINE),
    "BatchNorm2d": (layer.BatchNorm2d(4), nn.BatchNorm2d(4), IMAGE),
    "BatchNorm2d without weights": (
        layer.BatchNorm2d(4, affine=False),
        nn.BatchNorm2d(4, affine=False),
        IMAGE,
    ),
    "BatchNorm3d": (layer.BatchNorm3d(4), nn.BatchNorm3d(4), VOLUME),
}


@pytest.mark.parametrize("name", NORMS)
def test_a_batch_norm_is_torchs_over_time_and_batch(name: str) -> None:
    ours, torchs, shape = NORMS[name]
    x = sequence(shape) * 2 + 1
    assert torch.equal(ours(x), torchs(x.flatten(0, 1)).reshape(x.shape))
    torchs_state = torchs.state_dict()
    assert ours.state_dict().keys() == torchs_state.keys()
    assert all(torch.equal(value, torchs_state[key]) for key, value in ours.state_dict().items())
    assert bool((ours.running_mean != 0).all())
    ours.eval()
    torchs.eval()
    assert torch.equal(ours(x), torchs(x.flatten(0, 1)).reshape(x.shape))
    scale, shift = (v.reshape(-1, *[1] * (len(shape) - 1)) for v in ours.folded())
    assert torch.allclose(ours(x), x * scale + shift, atol=1e-5)
    again = type(ours)(**ours.config())
    again.load_state_dict(ours.state_dict())
    assert torch.equal(again.eval()(x), ours(x))
    # Of single steps.
    functional.set_step_mode(ours, "s")
    assert torch.equal(ours(x[0]), torchs(x[0]))


def test_a_batch_norm_of_other_channels_is_refused() -> None:
    with pytest.raises(ValueError, match=r"BatchNorm2d: takes 5 channels, but got \(3, 2"):
        layer.BatchNorm2d(5)(sequence(IMAGE))


def test_a_threshold_batch_norm_has_the_thresholds_deviation() -> None:
    norm = layer.ThresholdBatchNorm2d(4, threshold=0.5, alpha=0.5)
    x = sequence(IMAGE) * 3 + 1
    assert torch.allclose(norm(x).std((0, 1, 3, 4), correction=0), torch.tensor(0.25), atol=1e-4)
    scale, shift = (v.reshape(-1, 1, 1) for v in norm.eval().folded())
    assert torch.allclose(norm(x), x * scale + shift, atol=1e-5)
    bare = layer.ThresholdBatchNorm2d(4, threshold=0.5, alpha=0.5, affine=False)
    assert torch.allclose(bare(x).std((0, 1, 3, 4), correction=0), torch.tensor(0.25), atol=1e-4)


def test_a_step_batch_norm_normalizes_each_step_by_itself() -> None:
    norm = layer.StepBatchNorm2d(4, 3)
    x = sequence(IMAGE) * torch.tensor([1.0, 5.0, 0.1]).reshape(3, 1, 1, 1, 1)
    expected = torch.stack([nn.BatchNorm2d(4)(step) for step in x])
    assert torch.allclose(norm(x), expected, atol=1e-6)
    functional.reset(norm)
    functional.set_step_mode(norm, "s")
    assert torch.allclose(torch.stack([norm(step) for step in x]), expected, atol=1e-6)
    with pytest.raises(ValueError, match=r"has 3 steps, and is given step 4 .*functional.reset"):
        norm(x[0])


def test_the_step_is_a_state_that_is_kept_and_restored() -> None:
    norm, other = (layer.StepBatchNorm2d(2, 4).eval() for _ in range(2))
    for module in (norm, other):
        module.running_mean.copy_(torch.arange(8.0).reshape(4, 2))
    x = torch.rand(4, 3, 2, 2, 2)
    norm(x[:3])
    functional.restore(other, functional.states(norm))
    assert torch.equal(other(x[3:]), norm(x[3:]))
    with pytest.raises(ValueError, match="has 4 steps, and is given step 5"):
        other(x[3:])


def test_a_temporal_batch_norm_scales_each_step() -> None:
    norm, x = layer.TemporalBatchNorm2d(4, 3), sequence(IMAGE)
    plain = layer.BatchNorm2d(4)(x)
    assert torch.equal(norm(x), plain)
    functional.reset(norm)
    with torch.no_grad():
        norm.scale.copy_(torch.tensor([1.0, 2.0, 0.5]))
    factors = torch.tensor([1.0, 2.0, 0.5]).reshape(3, 1, 1, 1, 1)
    assert torch.equal(norm(x), plain * factors)


@pytest.mark.parametrize("kind", [layer.Dropout, layer.Dropout2d])
def test_dropout_drops_the_same_at_every_step(kind: Any) -> None:
    drop, ones = kind(0.5), torch.ones(6, 40, 8, 3, 3)
    torch.manual_seed(0)
    dropped = drop(ones)
    assert torch.equal(dropped, dropped[:1].expand_as(dropped))
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert 0.8 < dropped.mean() < 1.2
    # The same until it is reset, in steps too.
    functional.set_step_mode(drop, "s")
    assert torch.equal(drop(ones[0]), dropped[0])
    functional.reset(drop)
    assert not torch.equal(drop(ones[0]), dropped[0])
    together = dropped.flatten(3).unique(dim=3).shape[3]
    assert (together == 1) == (kind is layer.Dropout2d)
    assert torch.equal(drop.eval()(ones), ones)


def test_a_batch_of_another_size_needs_a_reset() -> None:
    drop = layer.Dropout()
    drop(torch.ones(2, 3, 4))
    with pytest.raises(ValueError, match=r"Dropout.mask: .*functional.reset"):
        drop(torch.ones(2, 5, 4))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layer.Dropout(1.0), "p: 1.0 is not in"),
        (lambda: layer.Dropout(step_mode="x"), "step_mode is 's' or 'm', not 'x'"),
        (lambda: layer.Delay(-1), "-1 are not numbers of steps"),
        (lambda: layer.AvgPool2d((1, 2, 3)), "one for each of 2 axes"),
        (lambda: layer.Delay([1, 2])(torch.ones(2, 1, 3)), "2 delays for 3 channels"),
        (lambda: functional.set_step_mode(layer.Flatten(), "x"), "not 'x'"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
