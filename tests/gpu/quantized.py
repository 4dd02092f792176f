"""On CUDA, training on a chip's grid: neurons in kernels, weights folded, nothing fetched."""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import Mock, patch

import pytest
import torch
from torch import nn

import quant
from quant.grid.gpu.folding import Rounding, folded
from quant.grid.noted import require_noted
from quant.layer import at_once
from snncore import functional, layer, neuron
from snncore.kernels.host.build import LIBRARY
from tests.gpu.backends import DEVICE, on_gpu
from tests.unit.quant.grid.folds import (
    FORMATS,
    UNITS,
    check_fold,
    check_register,
    check_snap,
    check_statistics,
)
from tests.unit.quant.layer.compiled_sums import names_of
from tests.unit.quant.neuron.loops import NEURONS, check

BACKENDS = on_gpu()
# As if it could not be compiled.
ABSENT = Mock(begin=lambda: False)
IN_FLOAT32 = ("hard", "soft", "learned")


@pytest.fixture(autouse=True)
def poisoned() -> None:
    """Set nothing in torch: what it does to be deterministic fetches from the GPU."""


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NEURONS)
def test_kernels_are_the_eager_loop(name: str, backend: str) -> None:
    if backend == "cupy" and name not in IN_FLOAT32:
        pytest.skip("its integers need more than float32")
    check(name, backend, "cuda")


@pytest.mark.parametrize("name", ["hard", "learned", "a user's own"])
def test_units_may_differ_by_channel(name: str) -> None:
    check(name, "triton", "cuda", by_channel=True)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("unit", UNITS)
def test_folding_in_a_kernel_changes_no_bit(form: str, unit: str) -> None:
    check_fold(form, unit, DEVICE)


def test_parameters_of_neurons() -> None:
    check_register(DEVICE)


def test_a_value_that_is_no_number_is_noted() -> None:
    weight = torch.ones(3, 4, device=DEVICE)
    weight[1, 2] = torch.nan
    folded(weight, Rounding(quant.chip_format("int8"), 0.5))
    with pytest.raises(ValueError, match="weight: a value, or a bias, is NaN"):
        require_noted()
    require_noted()


@pytest.mark.parametrize("size", [8, 31, 64])
def test_statistics_of_images(size: int) -> None:
    check_statistics(size, DEVICE)


def test_snapped_sums() -> None:
    check_snap(DEVICE)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        layer.Conv2d(2, 8, 3, padding=1, bias=False),
        layer.BatchNorm2d(8),
        neuron.LIF(tau=2.0, threshold=0.5),
        layer.AvgPool2d(2),
        layer.Flatten(),
        layer.Linear(8 * 16, 5),
        neuron.LIF(tau=2.0, threshold=0.5),
    )


@contextmanager
def nothing_fetched() -> Iterator[None]:
    with warnings.catch_warnings():
        # Torch says that the mode is young.
        warnings.simplefilter("ignore")
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("options", [{}, {"scale": "learned"}, {"per_channel": True}])
@pytest.mark.parametrize("form", FORMATS)
def test_a_training_step_fetches_nothing(form: str, options: dict[str, Any]) -> None:
    chip = quant.chip_format(form)
    if "per_channel" in options and not chip.per_channel:
        pytest.skip(f"{form} has one unit per layer")
    x = (torch.rand(6, 4, 2, 8, 8) < 0.3).float()
    module = quant.prepare(network(), target=chip, example=x, **options).to(DEVICE).train()
    optimizer = torch.optim.Adam(module.parameters(), 1e-3)
    labels, x = torch.arange(4, device=DEVICE), x.to(DEVICE)
    before = [value.clone() for value in module.parameters()]

    def step() -> None:
        functional.reset(module)
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(x).mean(0), labels).backward()
        optimizer.step()

    step()
    with nothing_fetched():
        # Often enough that outcomes of checks are sent for.
        for _ in range(30):
            step()
    require_noted()
    changed = [not torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True)]
    assert any(changed)


@pytest.mark.parametrize("options", [{}, {"scale": "learned"}, {"per_channel": True}])
@pytest.mark.parametrize("form", FORMATS)
def test_sums_in_compiled_code_change_no_bit(form: str, options: dict[str, Any]) -> None:
    assert LIBRARY.wait() == ""
    chip = quant.chip_format(form)
    if "per_channel" in options and not chip.per_channel:
        pytest.skip(f"{form} has one unit per layer")
    x = (torch.rand(6, 4, 2, 8, 8) < 0.3).float()
    floats = network()
    with torch.no_grad():
        # So that all layers fire.
        for each in floats.parameters():
            each.mul_(4)
    fast = quant.prepare(floats, target=chip, example=x, **options).to(DEVICE).train()
    slow, x = copy.deepcopy(fast), x.to(DEVICE).requires_grad_()
    for turn in range(4):
        results = []
        for module in (fast, slow):
            functional.reset(module)
            with patch.object(at_once, "LIBRARY", LIBRARY if module is fast else ABSENT):
                spikes = module(x)
            weigh = torch.linspace(-1, 1.3, spikes.numel(), device=DEVICE).view(spikes.shape)
            leaves = [x, *module.parameters()]
            gradients = torch.autograd.grad((spikes * weigh).sum(), leaves)
            results.append((spikes, module, gradients))
        (spikes, _, gradients), (wanted, _, expected) = results
        assert torch.equal(spikes, wanted)
        assert bool(wanted.any())
        for one, other in zip(fast.buffers(), slow.buffers(), strict=True):
            assert torch.equal(one, other)
        for mine, theirs in zip(gradients, expected, strict=True):
            assert torch.allclose(mine, theirs, rtol=1e-3, atol=1e-5 * float(theirs.abs().max()))
        # The first step compiles the kernels, and the second enters them.
        if turn > 1:
            # Sums of 16 bits need float64, which Python chooses.
            own = "_FoldBackward" if form == "int16" else "FoldBackward"
            assert folds_of(spikes) == {own}
            assert folds_of(wanted) == {"_FoldBackward"}
    require_noted()


def folds_of(result: torch.Tensor) -> set[str]:
    """Return the names of the nodes that fold weights, in compiled code or in Python."""
    return {name for name in names_of(result.grad_fn) if "Fold" in name}


def test_an_input_that_grows_is_an_error_later() -> None:
    conv = quant.Conv2d(1, 2, 3, format="int8").to(DEVICE)
    conv(torch.ones(2, 1, 1, 6, 6, device=DEVICE))
    require_noted()
    conv(torch.full((2, 1, 1, 6, 6), 9.0, device=DEVICE))
    with pytest.raises(ValueError, match="Conv2d: its input grew beyond 1 "):
        require_noted()
