"""A framework's module and ours side by side: values bit by bit, and gradients."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from snncore import functional


def whole(module: Any, x: Tensor) -> Tensor:
    """Run a module that takes whole sequences."""
    result: Any = module(x)
    return result[0] if isinstance(result, tuple) else result


def stepwise(module: Any, x: Tensor) -> Tensor:
    """Run a module that takes single steps."""
    return torch.stack([whole(module, step) for step in x])


@dataclass(frozen=True)
class Pair:
    """Their module and ours, the parameters of theirs that ours has, and how both run."""

    theirs: Callable[[], Any]
    ours: Callable[[], Any]
    # Our parameter -> theirs, by name; what is computed of theirs is a function of its module.
    same: dict[str, Any]
    shape: tuple[int, ...] = (16,)
    run: Callable[[Any, Tensor], Tensor] = whole
    # Inputs on a grid of eighths, whose sums round nothing in any order.
    grid: bool = False
    scale: float = 1.0
    # Added to all inputs, so that none meets a threshold.
    offset: float = 0.0
    steps: int | None = None


@dataclass(frozen=True)
class Run:
    """Outputs and gradients of their module and of ours, and the unit of each gradient."""

    outputs: list[Tensor]
    gradients: list[tuple[Tensor, Tensor]]
    units: list[float]


def compared(pair: Pair, seed: int, steps: int) -> dict[str, float]:
    """Return how values differ in single precision, and gradients in both."""
    torch.manual_seed(seed)
    modules = pair.theirs(), pair.ours()
    _copy(pair, *modules)
    x = torch.randn(pair.steps or steps, 4, *pair.shape) * 0.9 + 0.3
    # Half of the samples meet thresholds exactly.
    x[:, 2:] = (x[:, 2:] * 8).round() / 8
    x = ((x * 8).round() / 8 if pair.grid else x) * pair.scale + pair.offset
    single = _run(pair, copy.deepcopy(modules), x)
    torch.set_default_dtype(torch.float64)
    try:
        double = _run(pair, tuple(map(_wide, modules)), x.double())
    finally:
        torch.set_default_dtype(torch.float32)
    theirs, ours = single.outputs
    result = {
        "values": theirs.numel(),
        "differ": int((theirs != ours).sum()),
        "apart": _apart(theirs, ours),
        "fired": int((theirs != 0).sum()),
        "gradient": _furthest(single, single.gradients),
        "exact": _furthest(double, double.gradients),
        "steep": max(float(first.abs().max()) for first, _ in single.gradients),
    }
    # Where double precision sends the same, our gradients there are the reference of both.
    alike = torch.allclose(ours.double(), double.outputs[1], rtol=0, atol=1e-4)
    both = list(zip(single.gradients, double.gradients, strict=True)) if alike else []
    for who, name in enumerate(("theirs", "ours")):
        result[name] = _furthest(double, [(mine[who], wide[1]) for mine, wide in both])
    return result


def _run(pair: Pair, modules: Any, x: Tensor) -> Run:
    """Run both on the same input, forward and backward."""
    theirs, ours = modules
    inputs = [x.clone().requires_grad_() for _ in range(2)]
    outputs = [pair.run(theirs, inputs[0]), whole(ours, inputs[1])]
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(outputs[0].shape, generator=generator, dtype=torch.float32).to(x)
    for output in outputs:
        (output * weights).sum().backward()
    gradients: list[tuple[Any, Any]] = [(inputs[0].grad, inputs[1].grad)]
    units = [_largest(inputs[0].grad)]
    for name, source in pair.same.items():
        target = _named(ours, name)
        if isinstance(source, str) and isinstance(target, nn.Parameter):
            other = _named(theirs, source)
            gradients.append((other.grad, target.grad.reshape(other.shape)))
            one = target.numel() == 1
            units.append(_terms(ours, name, x, weights) if one else _largest(other.grad))
    return Run(outputs, gradients, units)


def worst(results: list[dict[str, float]]) -> dict[str, float]:
    """Return the sums of counts and the largest differences of several seeds."""
    sums = {key: sum(each[key] for each in results) for key in ("values", "differ", "fired")}
    largest = ("apart", "gradient", "exact", "theirs", "ours", "steep")
    return sums | {key: max(each[key] for each in results) for key in largest}


def _copy(pair: Pair, theirs: Any, ours: Any) -> None:
    """Give our parameters the values of theirs."""
    for name, source in pair.same.items():
        value = source(theirs) if callable(source) else _named(theirs, source)
        target = _named(ours, name)
        with torch.no_grad():
            target.copy_(torch.as_tensor(value).reshape(target.shape))


def _named(module: Any, path: str) -> Any:
    for name in path.split("."):
        module = module[int(name)] if name.isdigit() else getattr(module, name)
    return module


def _wide(module: Any) -> Any:
    """Return a module in double precision; a surrogate has no numbers of its own."""
    return module.double() if hasattr(module, "double") else module


def _terms(ours: Any, name: str, x: Tensor, weights: Tensor) -> float:
    """Return the sum of the absolute gradients that neurons have of the one number they share."""
    many = copy.deepcopy(ours)
    functional.reset(many)
    number = _named(many, name).detach()
    setattr(many, name, nn.Parameter(number.expand(x.shape[2:]).clone()))
    (whole(many, x) * weights).sum().backward()
    return max(1.0, float(_named(many, name).grad.abs().sum()))


def _furthest(run: Run, gradients: list[tuple[Tensor, Tensor]]) -> float:
    """Return the largest difference of gradients, each in its unit."""
    apart = [
        float((first - second).abs().max()) / unit
        for (first, second), unit in zip(gradients, run.units, strict=False)
    ]
    return max(apart, default=0.0)


def _largest(values: Any) -> float:
    """Return the largest absolute value, or one if it is less."""
    return max(1.0, float(values.detach().abs().max()))


def _apart(first: Tensor, second: Tensor) -> float:
    """Return the largest difference, in units of the largest value if that is above one."""
    return float((first - second).detach().abs().max()) / _largest(first)
