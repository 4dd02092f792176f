"""Layers of torch.nn as ours on (T, N, ...), in the process that has no framework."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.layers import layer_of
from neurodeploy.frontend.foreign.taken import is_neuron, taken
from snncore import layer

IMAGE, LINE, VOLUME, VECTOR = (4, 3, 2, 8, 8), (4, 3, 2, 9), (4, 3, 2, 4, 6, 6), (4, 3, 6)
LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "linear": (lambda: nn.Linear(6, 5, bias=False), VECTOR),
    "conv1d": (lambda: nn.Conv1d(2, 4, 3, dilation=2), LINE),
    "conv2d same": (lambda: nn.Conv2d(2, 4, (3, 5), padding="same", groups=2), IMAGE),
    "conv3d": (lambda: nn.Conv3d(2, 4, 3), VOLUME),
    "transposed": (lambda: nn.ConvTranspose2d(2, 4, 3, 2, 1, output_padding=1), IMAGE),
    "batch norm": (lambda: nn.BatchNorm2d(2, eps=1e-3), IMAGE),
    "plain norm": (lambda: nn.BatchNorm1d(6, affine=False, momentum=None), VECTOR),
    "group norm": (lambda: nn.GroupNorm(2, 2), IMAGE),
    "average of lines": (lambda: nn.AvgPool1d(3, 2, 1, count_include_pad=False), LINE),
    "average": (lambda: nn.AvgPool2d(3, ceil_mode=True), IMAGE),
    "average of volumes": (lambda: nn.AvgPool3d(2), VOLUME),
    "largest": (lambda: nn.MaxPool2d(3, 2, 1), IMAGE),
    "largest of volumes": (lambda: nn.MaxPool3d(2), VOLUME),
    "adaptive": (lambda: nn.AdaptiveAvgPool2d(2), IMAGE),
    "adaptive of lines": (lambda: nn.AdaptiveAvgPool1d(3), LINE),
    "sums": (lambda: nn.LPPool2d(1, 2), IMAGE),
    "flatten": (nn.Flatten, IMAGE),
    "upsample": (lambda: nn.Upsample(scale_factor=2), IMAGE),
    "dropout": (nn.Dropout, VECTOR),
    "identity": (nn.Identity, VECTOR),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_step_is_the_same(name: str) -> None:
    make, shape = LAYERS[name]
    module = make()
    for key, value in module.state_dict().items():
        if key.startswith("running"):
            value.uniform_(0.5, 2.0)
    module.eval()
    ours = layer_of(module)
    assert ours is not None
    x = torch.rand(shape)
    for step in x:
        # Sums of floats depend on how many samples there are.
        assert torch.equal(ours(step[None])[0], module(step))


def test_a_class_derived_from_torchs_is_read_as_it() -> None:
    kind = type("Conv2d", (nn.Conv2d,), {"step_mode": "m"})
    assert type(layer_of(kind(2, 4, 3))) is layer.Conv2d


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (nn.Conv2d(2, 4, 3, padding_mode="circular", padding=1), "not 'circular'"),
        (nn.Conv2d(2, 4, 2, padding="same"), "differs by side"),
        (nn.BatchNorm2d(2, track_running_stats=False), "without running statistics"),
        (nn.MaxPool3d(2, return_indices=True), "also returns indices"),
        (nn.LPPool2d(2, 2), "is a norm"),
        (nn.Upsample(scale_factor=1.5), "whole number"),
    ],
)
def test_another_form_is_refused(module: nn.Module, words: str) -> None:
    with pytest.raises(UnsupportedLayerError, match=words):
        layer_of(module)


def test_what_is_no_layer_of_torch_is_left() -> None:
    for module in (nn.PReLU(), nn.Sequential(), type("Own", (nn.Module,), {})()):
        assert layer_of(module) is None
        assert taken(module) is None
        assert not is_neuron(module)
