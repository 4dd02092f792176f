"""A framework's module and ours side by side: values bit by bit, and gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


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


def compared(pair: Pair, seed: int, steps: int) -> dict[str, float]:
    """Return how values differ in single precision, and gradients in both."""
    single = _compared(pair, seed, steps)
    torch.set_default_dtype(torch.float64)
    try:
        double = _compared(pair, seed, steps)
    finally:
        torch.set_default_dtype(torch.float32)
    return single | {"exact": double["gradient"]}


def _compared(pair: Pair, seed: int, steps: int) -> dict[str, float]:
    """Return the values that differ, the spikes, and the largest difference of gradients."""
    torch.manual_seed(seed)
    theirs, ours = pair.theirs(), pair.ours()
    _copy(pair, theirs, ours)
    x = torch.randn(pair.steps or steps, 4, *pair.shape) * 0.9 + 0.3
    # Half of the samples meet thresholds exactly.
    x[:, 2:] = (x[:, 2:] * 8).round() / 8
    x = ((x * 8).round() / 8 if pair.grid else x) * pair.scale + pair.offset
    inputs = [x.clone().requires_grad_() for _ in range(2)]
    outputs = [pair.run(theirs, inputs[0]), whole(ours, inputs[1])]
    weights = torch.randn(outputs[0].shape)
    for output in outputs:
        (output * weights).sum().backward()
    gradients = [(inputs[0].grad, inputs[1].grad), *_gradients(pair, theirs, ours)]
    return {
        "values": outputs[0].numel(),
        "differ": int((outputs[0] != outputs[1]).sum()),
        "apart": _apart(outputs[0], outputs[1]),
        "fired": int((outputs[0] != 0).sum()),
        "gradient": max(_apart(first, second) for first, second in gradients),
        "steep": max(float(first.abs().max()) for first, _ in gradients if first is not None),
    }


def worst(results: list[dict[str, float]]) -> dict[str, float]:
    """Return the sums of counts and the largest differences of several seeds."""
    sums = {key: sum(each[key] for each in results) for key in ("values", "differ", "fired")}
    largest = ("apart", "gradient", "exact", "steep")
    return sums | {key: max(each[key] for each in results) for key in largest}


def _copy(pair: Pair, theirs: Any, ours: Any) -> None:
    """Give our parameters the values of theirs."""
    for name, source in pair.same.items():
        value = source(theirs) if callable(source) else _named(theirs, source)
        target = _named(ours, name)
        with torch.no_grad():
            target.copy_(torch.as_tensor(value).reshape(target.shape))


def _gradients(pair: Pair, theirs: Any, ours: Any) -> list[tuple[Any, Any]]:
    """Return the gradients of the parameters that both have under a name."""
    pairs = []
    for name, source in pair.same.items():
        target = _named(ours, name)
        if isinstance(source, str) and isinstance(target, nn.Parameter):
            other = _named(theirs, source)
            pairs.append((other.grad, target.grad.reshape(other.shape)))
    return pairs


def _named(module: Any, path: str) -> Any:
    for name in path.split("."):
        module = module[int(name)] if name.isdigit() else getattr(module, name)
    return module


def _apart(first: Tensor, second: Tensor) -> float:
    """Return the largest difference, in units of the largest value if that is above one."""
    size = max(1.0, float(first.detach().abs().max()))
    return float((first - second).detach().abs().max()) / size
