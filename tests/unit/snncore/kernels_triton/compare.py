"""The Triton kernels, wherever they run, against eager torch on the CPU; a script.

Under TRITON_INTERPRET=1 it needs no GPU. It prints the number of cases, or fails in the first.
"""

import sys
from itertools import cycle
from typing import Any

import torch

from snncore.kernels import triton_loop
from snncore.kernels.autograd import run_triton
from snncore.kernels.plan import Plan
from snncore.surrogate import Surrogate
from tests.unit.snncore.neurons import NEURONS, SURROGATES, drive

Tensors = dict[str, torch.Tensor]
# Inexact on purpose: a half's spacing, for gradients that are rounded to the input's type.
ROUNDED = {torch.float32: 2e-6, torch.float16: 2e-3, torch.bfloat16: 1.6e-2}


def dense(results: Tensors, wanted: Tensors) -> Tensors:
    """The gradients of everything, for a dense random loss."""
    generator = torch.Generator().manual_seed(5)
    weights = [
        torch.randn(r.shape, generator=generator).to(r.dtype).to(r) for r in results.values()
    ]
    gradients = torch.autograd.grad(
        list(results.values()), list(wanted.values()), weights, allow_unused=True
    )
    named = zip(wanted.items(), gradients, strict=True)
    return {name: torch.zeros_like(v) if g is None else g for (name, v), g in named}


def case(
    name: str, slope: Surrogate, x: torch.Tensor, shape: tuple[int, ...], device: str
) -> float:
    """One neuron, all its parameters learned in this shape, from random states: its spikes."""
    plain = NEURONS[name](learnable=())
    values = {key: torch.full(shape, getattr(plain, key)) for key in plain.equations.parameters}
    module = NEURONS[name](**values, learnable=(), surrogate=slope, backend="torch")
    plan = Plan(module.equations, slope.gradient)
    initial = {s: 0.2 * x[0].float() + module.initial.get(s, 0.0) for s in plan.equations.states}

    def run(native: bool) -> Any:
        given = {"x": x, **initial, **values}
        place = "cpu" if native else device
        leaves = {key: v.clone().to(place).requires_grad_() for key, v in given.items()}
        states = [leaves[key] for key in initial]
        parameters = {key: leaves[key] for key in values}
        spikes, last = (_eager if native else run_triton)(
            *((module,) if native else (plan,)), leaves["x"], states, parameters
        )
        results = {"s": spikes, **dict(zip(initial, last, strict=True))}
        gradients = dense(results, leaves)
        return tuple({k: v.detach().cpu() for k, v in d.items()} for d in (results, gradients))

    (spikes, expected), (fired, gradients), (_, again) = run(True), run(False), run(False)
    for key, value in spikes.items():
        assert torch.equal(value, fired[key]), (name, slope, key)
    for key, value in expected.items():
        assert torch.equal(gradients[key], again[key]), (name, key, "two runs differ")
        error = float((gradients[key].double() - value.double()).abs().max())
        # A parameter's gradient is a sum of many terms that cancel, in another order.
        tolerance = (5e-6 if key in values else ROUNDED[value.dtype]) * max(
            float(value.abs().max()), 1e-30
        )
        assert error <= tolerance, (name, slope, key, error, tolerance)
    return float((fired["s"] != 0).float().mean())


def _eager(
    module: Any, x: torch.Tensor, states: list[torch.Tensor], parameters: Tensors
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    spikes = []
    for value in x.unbind(0):
        *states, fired = module.step(*states, value.float(), **parameters)
        spikes.append(fired)
    return torch.stack(spikes).to(x.dtype), states


def main(device: str, kinds: list[torch.dtype]) -> None:
    """Every neuron, each with another surrogate; shapes that fill no block."""
    torch.use_deterministic_algorithms(True)
    triton_loop.SEGMENT = 4
    rates = []
    cases = list(zip(NEURONS, cycle(SURROGATES), strict=False))
    shapes = cycle([(), (3, 1), (3, 5)])
    for name, slope in cases:
        for kind in kinds:
            x = drive(name, 7, 2, 3, 5).to(kind)
            rates.append(case(name, slope, x, next(shapes), device))
    assert sum(0.0 < rate < 1.0 for rate in rates) > 0.8 * len(rates), "silent networks"
    sys.stdout.write(f"{len(cases) * len(kinds)} cases\n")


if __name__ == "__main__":
    if torch.cuda.is_available():
        main("cuda", list(ROUNDED))
    else:
        main("cpu", [torch.float32, torch.float16])
