"""Neurons drawn at random from the words of equations: all backends here agree; a script.

Under TRITON_INTERPRET=1 these are the eager loop, the operator's loop, C++ and Triton.
"""

import sys
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snncore import neuron
from snncore.kernels import BACKENDS, backend, prepared, run_loop
from tests.unit.drawn import Drawn, drawn_steps

STEPS, NEURONS = 5, 40
seen = {"cases": 0, "spikes": 0}


def layer(drawn: Drawn, name: str, learns: bool) -> neuron.EquationNeuron:
    learnable = ("a", "b") if learns else ()
    parameters = {"a": 0.625, "b": -0.375}
    return neuron.Defined(
        drawn.equations(), parameters, {"u": 0.25}, learnable=learnable, backend=name
    )


def results(module: neuron.EquationNeuron, x: torch.Tensor, opaque: bool) -> list[torch.Tensor]:
    """Return spikes and last states; if `opaque`, as a compiled graph would run them."""
    if not opaque:
        return [module(x), *module.states.values()]
    work = module._work(x.device, x.dtype)
    parameters = [getattr(module, name) for name in work.parameters]
    spikes, states = run_loop(prepared(module.backend, work), [x], [], parameters)
    return [spikes, *states]


def gradients(outputs: list[torch.Tensor], leaves: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return the gradients of all outputs that have some, for a fixed dense loss."""
    flowing = [value for value in outputs if value.requires_grad]
    weights = [torch.linspace(-1, 1, v.numel()).view(v.shape) for v in flowing]
    if not flowing:
        return [torch.zeros_like(leaf) for leaf in leaves]
    parts = torch.autograd.grad(flowing, leaves, weights, allow_unused=True)
    return [torch.zeros_like(v) if g is None else g for g, v in zip(parts, leaves, strict=True)]


def check(drawn: Drawn, seed: int, learns: bool) -> None:
    """Check that all backends compute the bits of the eager loop, and nearly its gradients."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn((STEPS, 1, NEURONS), generator=generator)
    everyone: list[tuple[Any, ...]] = []
    for name in BACKENDS:
        module = layer(drawn, name, learns)
        if backend(name).refusal(module._work(values.device, values.dtype)) is not None:
            continue
        for opaque in (False, True):
            x = values.clone().requires_grad_()
            module = layer(drawn, name, learns)
            outputs = results(module, x, opaque)
            leaves = [x, *module.parameters()]
            everyone.append((name, opaque, outputs, gradients(outputs, leaves)))
    expected = next(one for one in everyone if one[:2] == ("torch", False))
    seen["cases"] += len(everyone) - 1
    seen["spikes"] += int(expected[2][0].detach().count_nonzero())
    for name, opaque, outputs, slopes in everyone:
        where = (name, opaque, drawn, seed)
        for one, other in zip(outputs, expected[2], strict=True):
            assert torch.equal(one.nan_to_num(), other.nan_to_num()), where
        if all(bool(slope.isfinite().all()) for slope in expected[3]):
            for one, other in zip(slopes, expected[3], strict=True):
                size = max(1.0, float(other.abs().max()))
                assert float((one - other).abs().max()) <= 1e-4 * size, where


def main(examples: int) -> None:
    """Check so many neurons."""
    test = given(drawn_steps(), st.integers(0, 1000), st.booleans())(check)
    settings(max_examples=examples, deadline=None, derandomize=True, database=None)(test)()
    assert seen["spikes"] > 0, "silent neurons"
    sys.stdout.write(f"{seen['cases']} comparisons\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
