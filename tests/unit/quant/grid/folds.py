"""Folding, rounding and statistics in kernels against torch; as a script, in the interpreter.

`TRITON_INTERPRET=1 python -m tests.unit.quant.grid.folds` needs no GPU.
"""

import sys
from typing import Any

import torch
from torch import Tensor

import quant
from quant.grid.fan_in import within_fan_in
from quant.grid.gpu.folding import Rounding, folded
from quant.grid.gpu.registers import rounded as registered
from quant.grid.gpu.snapping import snapped_in_a_kernel
from quant.grid.noted import require_noted
from quant.grid.straight_through import on_grid, unit_shape
from quant.layer.block import _folded
from snncore import layer

FORMATS = ("loihi", "lynxi", "int4", "int8", "int16")
UNITS = ("fixed", "learned", "by channel")


def close(mine: Tensor, wanted: Tensor) -> bool:
    size = float(wanted.detach().abs().max())
    return float((mine - wanted).detach().abs().max()) <= 1e-5 * size + 1e-7


def in_a_kernel(
    chip: quant.ChipFormat, own: dict[str, Tensor], units: Any, log2: Any, norm: Any
) -> tuple[Tensor, Tensor]:
    statistics = own["mean"], own["variance"]
    rounding = Rounding(chip, units, log2)
    rounded, whole = folded(own["weight"], rounding, norm, statistics, own["bias"])
    assert whole is not None
    return rounded, whole.integers.double()


def step_by_step(
    chip: quant.ChipFormat, own: dict[str, Tensor], units: Any, log2: Any, norm: Any
) -> tuple[Tensor, Tensor]:
    plain, offset = _folded(
        own["weight"], own["bias"], *norm.folded((own["mean"], own["variance"]))
    )
    shaped = units
    if isinstance(units, Tensor):
        shaped = units.reshape(unit_shape(own["logs"], plain))
    rounded = on_grid(plain, chip.weights, shaped, "weight", log2)
    return within_fan_in(rounded, shaped, chip), on_grid(
        offset.double() / units, chip.biases, 1.0, "bias"
    )


def check_fold(form: str, unit: str, device: torch.device) -> None:
    """Check weights and bias on every bit, and all gradients nearly."""
    torch.manual_seed(0)
    chip, rows = quant.chip_format(form), 7
    logs = torch.full((rows,) if unit == "by channel" else (), float(chip.exponent), device=device)
    logs = logs + torch.arange(logs.numel(), device=device).reshape(logs.shape) % 3
    size = 2.0**chip.exponent
    weight = (torch.randn(rows, 5, 3, 3) * 90 * size).to(device)
    norm = layer.BatchNorm2d(rows).to(device)
    with torch.no_grad():
        for parameter, ends in zip(norm.parameters(), ((0.5, 1.5), (-1, 1)), strict=True):
            parameter.uniform_(*ends)
    leaves: dict[str, Tensor] = {"weight": weight, "logs": logs, "bias": torch.randn(rows)}
    leaves |= {"mean": torch.randn(rows), "variance": torch.rand(rows) + 0.5}
    arrived = torch.randn(rows, 5, 3, 3).to(device), torch.randn(rows).to(device).double()
    results = []
    for fused in (True, False):
        norm.zero_grad()
        own = {n: v.to(device).detach().clone().requires_grad_() for n, v in leaves.items()}
        units = size if unit == "fixed" else 2.0 ** own["logs"].detach().double()
        log2 = None if unit == "fixed" else own["logs"]
        rounded, bias = (in_a_kernel if fused else step_by_step)(chip, own, units, log2, norm)
        torch.autograd.backward((rounded, bias), arrived)
        own |= dict(norm.named_parameters(prefix="norm"))
        results.append((rounded, bias, {n: v.grad for n, v in own.items() if v.grad is not None}))
    (rounded, bias, gradients), (wanted, integers, expected) = results
    assert torch.equal(rounded, wanted)
    assert torch.equal(bias, integers)
    assert 0 < int((rounded != rounded.max()).sum()) < rounded.numel()
    assert gradients.keys() == expected.keys()
    for name, gradient in expected.items():
        assert close(gradients[name], gradient), name


def by_a_batch(own: dict[str, Tensor], norm: layer.BatchNorm, fused: bool) -> tuple[Tensor, Tensor]:
    """Return weights and bias with the norm of the sums in them."""
    chip, unit = quant.chip_format("int8"), 2.0**-6
    if fused:
        rounded, whole = folded(own["weight"], Rounding(chip, unit), norm, sums=own["sums"])
        assert whole is not None
        return rounded, whole.integers.double()
    plain, offset = _folded(own["weight"], None, *norm.folded(norm.observed(own["sums"])))
    bias = on_grid(offset.double() / unit, chip.biases, 1.0, "bias")
    return on_grid(plain, chip.weights, unit, "weight"), bias


def check_statistics(size: int, device: torch.device) -> None:
    """Check weights folded with a batch's statistics, their gradients, and the running ones."""
    torch.manual_seed(0)
    steps = torch.arange(6.0, device=device).view(-1, 1, 1)
    y = torch.randn(3, 5, 6, size, size, device=device) * 2 + steps
    weight, arrived = torch.randn(2, 6, 5, 3, 3, device=device).unbind()
    moved = torch.linspace(-1, 1.5, 6, device=device).double()
    results, values = [], []
    for fused in (True, False):
        norm = layer.BatchNorm2d(6).to(device)
        own = {"sums": y.clone().requires_grad_(), "weight": weight.clone().requires_grad_()}
        pair = by_a_batch(own, norm, fused)
        torch.autograd.backward(pair, (arrived, moved))
        assert int(norm.num_batches_tracked) == 1
        values.append((pair[0].detach() * 2**6, pair[1].detach()))
        own |= dict(norm.named_parameters())
        results.append({n: v.grad for n, v in own.items()} | dict(norm.named_buffers()))
    # A value next to a half may round to either side, after another order of additions.
    for mine, wanted in zip(*values, strict=True):
        apart = (mine - wanted).abs()
        assert float(apart.max()) <= 1
        assert float((apart > 0).double().mean()) < 0.05
        assert bool(wanted.any())
    for name, expected in results[1].items():
        assert close(results[0][name], expected), name


def check_snap(device: torch.device) -> None:
    """Check sums rounded to multiples of a unit, on every bit, halves and large values too."""
    torch.manual_seed(0)
    ends = torch.tensor([0.5, 1.5, -0.5, -2.5, 2.0**22 + 0.5, 2.0**23 - 0.5, 2.0**24, 3.0e9])
    x = torch.cat([torch.randn(1500) * 1000, ends, -ends]).to(device) * 2.0**-6
    leaf = x.clone().requires_grad_()
    result = snapped_in_a_kernel(leaf, 2.0**-6)
    assert torch.equal(result, torch.round(x * 2.0**6) * 2.0**-6)
    (result * x).sum().backward()
    assert leaf.grad is not None
    assert torch.equal(leaf.grad, x)


def check_register(device: torch.device) -> None:
    """Check a neuron's parameter, with values that clip."""
    grid = quant.chip_format("int8").thresholds
    leaves = [torch.linspace(-1.0, 700.0, 9, device=device).requires_grad_() for _ in range(2)]
    whole = registered(leaves[0], 2.0**-6, grid, -1, "threshold")
    wanted = on_grid(leaves[1].double() * 2.0**6 - 1, grid, 1.0, "threshold")
    assert torch.equal(whole, wanted)
    for values in (whole, wanted):
        (values * torch.linspace(-1, 1.5, 9, device=device)).sum().backward()
    one, other = (leaf.grad for leaf in leaves)
    assert one is not None
    assert other is not None
    assert torch.equal(one, other)
    require_noted()


def main() -> None:
    """Check a part in the interpreter."""
    device = torch.device("cpu")
    for form, unit in (("lynxi", "fixed"), ("loihi", "learned"), ("int8", "by channel")):
        check_fold(form, unit, device)
    check_statistics(9, device)
    check_snap(device)
    check_register(device)
    sys.stdout.write("equal\n")


if __name__ == "__main__":
    main()
