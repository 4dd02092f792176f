"""Layers that move values: on sequences and single steps, with axes counted within a sample."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from snncore import functional, layer

X = torch.arange(2 * 3 * 24.0).reshape(2, 3, 2, 4, 3)
LAYERS: dict[str, tuple[Any, Any]] = {
    "slice": (layer.Slice(-1, 1), X[..., 1:]),
    "slice of channels": (layer.Slice(0, None, None, 2), X[:, :, ::2]),
    "chunk": (layer.Chunk(2, 1, 1), X[:, :, :, 2:]),
    "permute": (layer.Permute((1, 2, 0)), X.permute(0, 1, 3, 4, 2)),
    "transpose": (layer.Transpose(0, -1), X.transpose(2, 4)),
    "reshape": (layer.Reshape((-1, 6)), X.reshape(2, 3, 4, 6)),
    "upsample": (
        layer.Upsample(2),
        nn.Upsample(scale_factor=2)(X.flatten(0, 1)).unflatten(0, (2, 3)),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_step_is_moved_as_a_sequence(name: str) -> None:
    module, wanted = LAYERS[name]
    assert torch.equal(module(X), wanted)
    single = type(module)(**module.config())
    functional.set_step_mode(single, "s")
    assert torch.equal(single(X[1]), wanted[1])


def test_values_are_joined() -> None:
    assert torch.equal(layer.Concat(1)(X, X + 1), torch.cat((X, X + 1), 3))
    assert torch.equal(layer.Concat(0, "s")(X[0], X[1]), torch.cat((X[0], X[1]), 1))


def test_zeros_follow_and_have_no_gradient() -> None:
    x = X.clone().requires_grad_()
    y: Tensor = layer.Upsample((2, 3), zeros=True)(x)
    assert y.shape == (2, 3, 2, 8, 9)
    assert torch.equal(y[..., ::2, ::3], X)
    assert y.count_nonzero() == X.count_nonzero()
    y.sum().backward()
    assert x.grad is not None
    assert bool((x.grad == 1).all())


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="4 values do not divide into 3 equal parts"):
        layer.Chunk(3, 0, 1)(X)
    with pytest.raises(ValueError, match=r"Concat: a sample of shape \(2, 4, 3\) has no axis 3"):
        layer.Concat(3)(X, X)
    for make, words in {
        (lambda: layer.Permute((0, 0))): "is not an order",
        (lambda: layer.Slice(0, step=0)): "a step of 0",
        (lambda: layer.Chunk(2, 2)): "part 2 of 2",
        (lambda: layer.Upsample((0, 1))): "1 or more",
        (lambda: layer.Concat(0, "x")): "step_mode is 's' or 'm'",
    }.items():
        with pytest.raises(ValueError, match=words):
            make()
