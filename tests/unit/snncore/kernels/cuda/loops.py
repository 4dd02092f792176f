"""One neuron on the CUDA kernels, wherever they run, and on a backend of the CPU."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from snncore.kernels.cuda.loop import CudaLoop
from snncore.kernels.cuda.shape import CudaConfig
from snncore.kernels.loop.work import Work
from snncore.surrogate import Surrogate
from tests.unit.snncore.neurons import NEURONS, drive

Tensors = dict[str, torch.Tensor]
# The kernels round gradients to the input's type; beside that they differ by float32's rounding.
SPACING = {torch.float32: 0.0, torch.float16: 2.0**-10, torch.bfloat16: 2.0**-7}


@dataclass(frozen=True)
class Case:
    """A neuron with what it is given: an input, first states, parameters, incoming gradients."""

    name: str
    slope: Surrogate
    x: torch.Tensor
    states: Tensors
    parameters: Tensors
    incoming: torch.Tensor
    later: Tensors

    def module(self, backend: str) -> Any:
        """Build the neuron as a module, its parameters learned."""
        return NEURONS[self.name](
            **self.parameters,
            learnable=tuple(self.parameters),
            surrogate=self.slope,
            backend=backend,
        )


def make_case(
    name: str,
    slope: Surrogate,
    steps: int,
    shape: tuple[int, ...],
    kind: torch.dtype,
    spread: tuple[int, ...] = (),
) -> Case:
    """Draw input, states and gradients; parameters (all alike) have the shape `spread`."""
    x = drive(name, steps, *shape).to(kind)
    plain = NEURONS[name](learnable=())
    generator = torch.Generator().manual_seed(7)

    def random(*size: int) -> torch.Tensor:
        return torch.randn(size, generator=generator)

    states = {
        state: 0.2 * random(*shape) + plain.initial.get(state, 0.0)
        for state in plain.equations.states
    }
    parameters = {
        key: torch.full(spread, float(torch.as_tensor(getattr(plain, key))))
        for key in plain.equations.parameters
    }
    incoming = random(*x.shape).to(kind)
    later = {state: random(*shape) for state in states}
    return Case(name, slope, x, states, parameters, incoming, later)


def on_module(case: Case, backend: str) -> tuple[Tensors, Tensors]:
    """Return spikes and last states, and every gradient by name, in float32."""
    module = case.module(backend)
    x = case.x.float().requires_grad_()
    first = {name: value.clone().requires_grad_() for name, value in case.states.items()}
    module.states = dict(first)
    spikes = module(x)
    results = {"s": spikes, **module.states}
    leaves = {"x": x, **first, **dict(module.named_parameters())}
    computed = torch.autograd.grad(
        list(results.values()),
        list(leaves.values()),
        [case.incoming.float(), *case.later.values()],
        allow_unused=True,
    )
    named = zip(leaves.items(), computed, strict=True)
    gradients = {name: torch.zeros_like(v) if g is None else g for (name, v), g in named}
    return {name: value.detach() for name, value in results.items()}, gradients


def on_cuda(
    case: Case,
    device: str,
    *,
    exact: bool = False,
    forward: CudaConfig | None = None,
    backward: CudaConfig | None = None,
    constants: Mapping[str, float] | None = None,
) -> tuple[Tensors, Tensors]:
    """Return the same from the CUDA kernels; `constants` are printed into them."""
    plain = case.module("torch")
    fixed = dict(constants or {})
    work = Work(
        plain.equations, case.slope, torch.device(device), case.x.dtype, tuple(fixed.items())
    )
    loop = CudaLoop.of(work, exact=exact)

    def moved(tensors: Any) -> list[torch.Tensor]:
        return [tensor.to(device) for tensor in tensors]

    inputs, states = moved([case.x]), moved(case.states.values())
    layer = case.x.shape[2:]
    parameters = moved(
        _beside(case.parameters[name], layer)
        for name in work.equations.parameters
        if name not in fixed
    )
    spikes, last = loop.forward(inputs, states, parameters, forward)
    (incoming,) = moved([case.incoming])
    needs = [True] * (1 + len(states) + len(parameters))
    computed = loop.backward(
        inputs, states, parameters, incoming, moved(case.later.values()), needs, backward
    )
    names = ("x", *case.states, *work.parameters)
    results = {"s": spikes, **dict(zip(case.states, last, strict=True))}
    gradients = {n: g for n, g in zip(names, computed, strict=True) if g is not None}
    return _here(results), _here(gradients)


def _here(tensors: Tensors) -> Tensors:
    return {name: tensor.cpu() for name, tensor in tensors.items()}


def _beside(parameter: torch.Tensor, layer: torch.Size) -> torch.Tensor:
    """Shape a parameter with a value per channel to meet (N, C, ...)."""
    if parameter.ndim == 1 and parameter.shape != layer:
        return parameter.reshape(-1, *[1] * (len(layer) - 1))
    return parameter


def check_results(expected: Tensors, results: Tensors, name: str = "") -> None:
    """Check that spikes and last states have the same bits, in the type of the result."""
    assert list(expected) == list(results)
    for key, value in expected.items():
        result = results[key]
        right = value.to(result.dtype)
        assert torch.equal(right, result), (name, key, float((right - result).abs().max()))


def check_gradients(
    case: Case, expected: Tensors, gradients: Tensors, relative: float = 1e-6
) -> None:
    """Check that every gradient is the expected one, to this share of its largest value."""
    assert set(gradients) <= set(expected)
    assert "x" in gradients
    for key, value in gradients.items():
        # What 16 bits cannot hold is infinite on both sides.
        right = expected[key].to(value.dtype).double().reshape(value.shape)
        same = right == value.double()
        right, value = right.masked_fill(same, 0), value.masked_fill(same, 0)
        largest = float(expected[key].double().abs().max())
        allowed = relative * largest
        if key in case.parameters:
            # A sum of terms that cancel, which others add in another order.
            terms = case.x.numel() / value.numel()
            allowed = 1e-5 * max(largest, terms**0.5)
        allowed += SPACING[value.dtype] * largest
        error = float((right - value.double()).abs().max())
        assert error <= allowed, (case.name, case.slope, key, error, allowed)
