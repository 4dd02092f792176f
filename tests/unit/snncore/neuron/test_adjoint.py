"""The derived adjoint of a step against torch's autograd, in float64."""

import pytest
import torch

from snncore.dynamics import Op, firing, numbers_like
from snncore.dynamics.adjoint import adjoint
from snncore.dynamics.words import TABLE
from snncore.neuron import EquationNeuron
from snncore.surrogate import Surrogate
from tests.unit.snncore.neurons import NEURONS, SURROGATES, drive

Tensors = dict[str, torch.Tensor]
LEARNING = ("Parametric", "Gated", "Sliding", "KLIF", "TwoCompartment")


def leaves_of(name: str, module: EquationNeuron) -> Tensors:
    equations = module.equations
    size = 64
    generator = torch.Generator().manual_seed(1)
    states = {
        state: module.initial.get(state, 0.0) + torch.randn(size, generator=generator)
        for state in equations.states
    }
    inputs = {key: drive(name, 1, size)[0] for key in equations.inputs}
    parameters = {key: torch.full((size,), getattr(module, key)) for key in equations.parameters}
    leaves = {key: value.double() for key, value in (states | inputs | parameters).items()}
    return {key: value.requires_grad_() for key, value in leaves.items()}


def by_adjoint(
    module: EquationNeuron, slope: Surrogate, leaves: Tensors, incoming: list[torch.Tensor]
) -> Tensors:
    back = adjoint(module.equations, slope.gradient)
    arguments_by_name = leaves | dict(zip(back.gradients, incoming, strict=True))
    values: list[torch.Tensor] = []
    with torch.no_grad(), numbers_like(incoming[0]):
        for operation in back.operations:
            if operation.op in (Op.STATE, Op.INPUT, Op.PARAMETER):
                values.append(arguments_by_name[str(operation.attribute)])
            elif operation.op == Op.CONSTANT:
                values.append(torch.tensor(operation.attribute, dtype=torch.float64))
            else:
                arguments = [values[arg] for arg in operation.args]
                extra = [] if operation.attribute is None else [operation.attribute]
                values.append(TABLE[operation.op](*arguments, *extra))
    return {key: values[number] for key, number in back.results}


def by_autograd(
    module: EquationNeuron, slope: Surrogate, leaves: Tensors, incoming: list[torch.Tensor]
) -> Tensors:
    equations = module.equations
    values = [leaves[key] for key in (*equations.states, *equations.inputs)]
    with firing(slope), numbers_like(values[0]):
        results = module.function(*values, **{key: leaves[key] for key in equations.parameters})
    gradients = torch.autograd.grad(results, list(leaves.values()), incoming, allow_unused=True)
    return {k: g for k, g in zip(leaves, gradients, strict=True) if g is not None}


@pytest.mark.parametrize("slope", SURROGATES, ids=lambda slope: type(slope).__name__)
@pytest.mark.parametrize("name", NEURONS)
def test_adjoint_is_what_autograd_computes(name: str, slope: Surrogate) -> None:
    learned = {"learnable": ()} if name.startswith(LEARNING) else {}
    module = NEURONS[name](**learned)
    leaves = leaves_of(name, module)
    generator = torch.Generator().manual_seed(2)
    incoming = [
        torch.randn(64, generator=generator, dtype=torch.float64)
        for _ in range(len(module.equations.states) + 1)
    ]
    derived = by_adjoint(module, slope, leaves, incoming)
    expected = by_autograd(module, slope, leaves, incoming)
    assert set(expected) <= set(derived)
    for key, gradient in derived.items():
        right = expected.get(key, torch.zeros_like(gradient))
        torch.testing.assert_close(
            gradient.expand_as(right),
            right,
            rtol=1e-9,
            atol=1e-11,
            msg=lambda m, k=key: f"{k}: {m}",
        )
    assert any(bool(gradient.any()) for gradient in derived.values())
