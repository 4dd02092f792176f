"""Norms that depend on the threshold or the step, in every dimension, against their formulas."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
from neurodeploy import graph as g
from neurodeploy.frontend import graph_of
from snncore import functional, layer

SHAPES: dict[str, tuple[int, ...]] = {"1d": (4,), "2d": (4, 3, 2), "3d": (4, 2, 2, 3)}
STEPS = 5
every_size = pytest.mark.parametrize("size", SHAPES)


def sequence(size: str) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(STEPS, 3, *SHAPES[size], generator=generator) * 2 + 1


def normalized(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Return values with a mean of 0 and a variance of 1 over these axes."""
    variance, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


def others(x: Tensor) -> tuple[int, ...]:
    """Return all axes but the channels of a sequence."""
    return tuple(axis for axis in range(x.ndim) if axis != 2)


def require_modes(module: nn.Module, x: Tensor, path: Path) -> None:
    """Check that single steps, a saved copy and a reset give what a sequence gives."""
    module.eval()
    functional.reset(module)
    whole = module(x)
    single = copy.deepcopy(module)
    functional.reset(single)
    functional.set_step_mode(single, "s")
    assert torch.allclose(torch.stack([single(step) for step in x]), whole, atol=1e-6)
    functional.reset(module)
    nd.save(nn.Sequential(module), path, example=x)
    again = nd.load(path).eval()
    functional.reset(again)
    assert torch.equal(again(x), whole)


@every_size
def test_a_threshold_scales_what_is_normalized(size: str, tmp_path: Path) -> None:
    """tdBN: alpha * threshold * x over time, batch and space."""
    x = sequence(size)
    module = getattr(layer, f"ThresholdBatchNorm{size}")(4, threshold=0.5, alpha=1.5)
    assert torch.allclose(module(x), 0.75 * normalized(x, others(x)), atol=1e-5)
    require_modes(module, x, tmp_path / "model.pt")
    (node,) = (n for n in graph_of(nn.Sequential(module)).nodes if isinstance(n, g.BatchNorm))
    scale, _ = module.folded()
    assert torch.allclose(torch.tensor(node.scale).float(), scale)


@every_size
def test_every_step_has_statistics(size: str, tmp_path: Path) -> None:
    """BNTT: a weight of its own and the statistics of each step."""
    x = sequence(size)
    module = getattr(layer, f"StepBatchNorm{size}")(4, STEPS, bias=False)
    with torch.no_grad():
        module.weight.copy_(torch.arange(1, STEPS * 4 + 1).reshape(STEPS, 4))
    each = torch.stack([normalized(step[None], others(step[None]))[0] for step in x])
    weights = module.weight.reshape(STEPS, 1, 4, *[1] * (x.ndim - 3))
    assert torch.allclose(module(x), weights * each, atol=1e-4)
    require_modes(module, x, tmp_path / "model.pt")
    functional.reset(module)
    module(x)
    with pytest.raises(ValueError, match="has 5 steps, and is given step 6"):
        module(x[:1])
    assert "bias" in getattr(layer, f"StepBatchNorm{size}")(4, STEPS).state_dict()


@every_size
def test_every_step_has_a_scale(size: str, tmp_path: Path) -> None:
    """TEBN: statistics over all steps, and a scale for each."""
    x = sequence(size)
    module = getattr(layer, f"TemporalBatchNorm{size}")(4, STEPS)
    with torch.no_grad():
        module.scale.copy_(torch.arange(1.0, STEPS + 1))
    scales = module.scale.reshape(-1, *[1] * (x.ndim - 1))
    assert torch.allclose(module(x), scales * normalized(x, others(x)), atol=1e-4)
    require_modes(module, x, tmp_path / "model.pt")


@every_size
def test_steps_of_one_scale_are_a_plain_norm(size: str) -> None:
    x = sequence(size)
    module = getattr(layer, f"TemporalBatchNorm{size}")(4, STEPS)
    with torch.no_grad():
        module.scale.copy_(torch.arange(1.0, STEPS + 1))
        module.norm.weight.copy_(torch.arange(1.0, 5))
        module.norm.bias.copy_(torch.arange(4.0) - 2)
    module(x)
    module.eval()
    with pytest.raises(ValueError, match="scales its steps by 1 to 5"):
        module.plain()
    module.equalize()
    functional.reset(module)
    plain = module.plain()
    assert type(plain) is getattr(layer, f"BatchNorm{size}")
    torch.testing.assert_close(plain(x), module(x))
    assert not torch.allclose(plain(x), module.norm(x))


@pytest.mark.parametrize("kind", ["StepBatchNorm", "TemporalBatchNorm"])
@every_size
def test_wrong_shapes_are_named(kind: str, size: str) -> None:
    module = getattr(layer, kind + size)(4, STEPS)
    for x in (torch.zeros(STEPS, 3, 7, 2, 2), torch.zeros(STEPS, 3)):
        with pytest.raises(ValueError, match=kind + size):
            module(x)


def test_lines_are_normalized_too() -> None:
    x = torch.randn(STEPS, 3, 4, 6)
    for kind in (layer.StepBatchNorm1d, layer.TemporalBatchNorm1d):
        assert kind(4, STEPS)(x).shape == x.shape
    expected = normalized(x, (0, 1, 3))
    assert torch.allclose(layer.TemporalBatchNorm1d(4, STEPS)(x), expected, atol=1e-4)
