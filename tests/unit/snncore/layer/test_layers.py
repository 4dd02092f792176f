"""Layers on sequences: what torch computes on each step, and the shape they saw."""

from typing import Any

import pytest
import torch
from torch import nn

from snncore import layer

X = torch.randn(3, 2, 4, 7, 6, generator=torch.Generator().manual_seed(0))
LAYERS: dict[str, tuple[Any, Any]] = {
    "Conv2d": (
        layer.Conv2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 2), 2),
        nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 2), 2),
    ),
    "Conv2d without a bias": (
        layer.Conv2d(4, 2, 3, bias=False),
        nn.Conv2d(4, 2, 3, bias=False),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_convolution_of_a_sequence_is_torchs_of_each_step(name: str) -> None:
    ours, torchs = LAYERS[name]
    torchs.load_state_dict(ours.state_dict())
    expected = torch.stack([torchs(step) for step in X])
    assert torch.allclose(ours(X), expected, atol=1e-6)
    assert torch.allclose(ours(X[0]), expected[0], atol=1e-6)
    assert ours.input_shape == (4, 7, 6)


def test_a_linear_layer_works_on_the_last_axis() -> None:
    ours, torchs = layer.Linear(6, 5), nn.Linear(6, 5)
    torchs.load_state_dict(ours.state_dict())
    assert torch.equal(ours(X), torchs(X))
    for x in (X[:, :, 0, 0], X[0, :, 0, 0]):
        ours(x)
        assert ours.input_shape == (6,)


@pytest.mark.parametrize(("kernel", "stride"), [(2, None), ((3, 2), (1, 3)), (1, 2)])
def test_a_sum_pool_adds_every_window(kernel: Any, stride: Any) -> None:
    pool = layer.SumPool2d(kernel, stride)
    (height, width), (down, right) = pool.kernel_size, pool.stride
    result = pool(X)
    for row in range(result.shape[-2]):
        for column in range(result.shape[-1]):
            top, left = row * down, column * right
            window = X[..., top : top + height, left : left + width]
            assert torch.allclose(result[..., row, column], window.sum((-2, -1)), atol=1e-5)
    assert result.shape[-2:] == ((7 - height) // down + 1, (6 - width) // right + 1)
    assert torch.equal(pool(X[0]), result[0])
    assert pool.input_shape == (4, 7, 6)


def test_flatten_keeps_time_and_batch() -> None:
    many, single = layer.Flatten(), layer.Flatten("s")
    assert torch.equal(many(X), X.reshape(3, 2, -1))
    assert torch.equal(single(X[0]), X[0].reshape(2, -1))
    assert many.input_shape == single.input_shape == (4, 7, 6)
    with pytest.raises(ValueError, match="step_mode is 's' or 'm', not 'x'"):
        layer.Flatten("x")


MODULES = [
    layer.Linear(3, 2),
    layer.Linear(3, 2, bias=False),
    layer.Conv2d(4, 2, (1, 2), 2, 1, 1, 2, bias=False),
    layer.SumPool2d((2, 1)),
    layer.SumPool2d(3, 2),
    layer.Flatten("s"),
]


@pytest.mark.parametrize("module", MODULES, ids=repr)
def test_a_config_makes_an_equal_module(module: Any) -> None:
    again = type(module)(**module.config())
    assert again.config() == module.config()
    shapes = {name: value.shape for name, value in module.state_dict().items()}
    assert shapes == {name: value.shape for name, value in again.state_dict().items()}
    assert repr(again) == repr(module)
