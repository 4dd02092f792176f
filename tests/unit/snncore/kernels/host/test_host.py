"""The library that starts kernels: CUDA's text, built for the CPU, on the first and later calls."""

from typing import Any

import pytest
import torch

from snncore.kernels import Work, host_of, prepared, run_loop
from snncore.kernels.host.build import LIBRARY
from snncore.neuron import LIF, ParametricLIF
from snncore.neuron.at_once import AtOnce

CPU, IN_PYTHON, IN_LIBRARY = torch.device("cpu"), "_DirectBackward", "SequenceBackward"


@pytest.fixture(autouse=True, scope="module")
def library(kernel_cache: None) -> None:
    """Compile the library, or load it from pytest's cache."""
    assert LIBRARY.wait() == ""


def loop_of(neuron: Any) -> str:
    """Return the neuron's loop in CUDA C, which runs on the CPU."""
    begin = tuple(neuron.initial.get(state, 0.0) for state in neuron.equations.states)
    work = Work(
        neuron.equations,
        neuron.surrogate,
        CPU,
        torch.float32,
        neuron._numbers(),
        begin,
        final=neuron.keep_states,
    )
    return prepared("cupy", work)


def parameters_of(neuron: Any, shape: tuple[int, ...]) -> list[torch.Tensor]:
    values = (getattr(neuron, name) for name in neuron.equations.parameters)
    leaves = [value.detach().clone() for value in values if isinstance(value, torch.Tensor)]
    return [leaf.reshape(shape).requires_grad_() for leaf in leaves]


def trained(loop: str, seed: int, tensors: list[list[torch.Tensor]]) -> list[Any]:
    """Return the node's name, the results, and the gradients of leaves."""
    results, last = run_loop(loop, *tensors)
    generator = torch.Generator().manual_seed(seed)
    weighed = [(each * torch.randn(each.shape, generator=generator)).sum() for each in last]
    weigh = torch.randn(results.shape, generator=generator)
    leaves = [leaf for group in tensors for leaf in group if leaf.requires_grad]
    total = torch.stack([(results * weigh).sum(), *weighed]).sum()
    assert results.grad_fn is not None
    gradients = torch.autograd.grad(total, leaves, retain_graph=True)
    return [results.grad_fn.name(), results.detach(), *(e.detach() for e in last), *gradients]


CASES = [
    pytest.param(LIF(), (), id="states kept"),
    pytest.param(LIF(keep_states=False), (), id="states not kept"),
    pytest.param(ParametricLIF(), (), id="learned"),
    pytest.param(ParametricLIF(w=[-1.0, 0.0, 1.0]), (3, 1), id="learned by channel"),
    pytest.param(ParametricLIF(w=[-1.0, 0.0, 1.0]), (3,), id="learned by channel, unshaped"),
]


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize(("neuron", "shape"), CASES)
def test_later_calls_are_the_first(neuron: Any, shape: tuple[int, ...], begun: bool) -> None:
    loop = loop_of(neuron)
    x = (torch.randn(19, 2, 3, 8) * 2).requires_grad_()
    states = [torch.randn(2, 3, 8, requires_grad=True)] if begun and neuron.keep_states else []
    tensors = [[x], states, parameters_of(neuron, shape)]
    if shape == (3,):
        # Python takes a parameter in the shape that meets the layer, the library in both.
        shaped = [parameters_of(neuron, (3, 1)), tensors[2]]
        kinds = [trained(loop, 3, [[x], states, each]) for each in (*shaped[:1] * 2, shaped[1])]
        assert kinds[-1][0] == IN_LIBRARY
        assert all(
            torch.equal(a.flatten(), b.flatten())
            for a, b in zip(kinds[0][1:], kinds[-1][1:], strict=True)
        )
        return
    first, *later = (trained(loop, 3, tensors) for _ in range(3))
    assert 0 < float(first[1].mean()) < 1
    assert {first[0], *(each[0] for each in later)} >= {IN_LIBRARY}
    for each in later:
        assert each[0] == IN_LIBRARY
        assert all(torch.equal(a, b) for a, b in zip(first[1:], each[1:], strict=True))


def test_a_part_of_the_gradients() -> None:
    neuron = ParametricLIF()
    loop, x = loop_of(neuron), torch.randn(6, 2, 8) * 2
    for wanted in ([True, False], [False, True]):
        leaves = [x.clone().requires_grad_(wanted[0]), *parameters_of(neuron, ())]
        leaves[1].requires_grad_(wanted[1])
        first, *later = (trained(loop, 1, [[leaves[0]], [], [leaves[1]]]) for _ in range(3))
        assert all(torch.equal(first[-1], each[-1]) for each in later)
        assert later[-1][0] == IN_LIBRARY


def test_other_layouts_and_no_gradient() -> None:
    loop, base = loop_of(LIF()), torch.randn(4, 2, 8)
    expected = run_loop(loop, [base], [], [])
    turned = base.transpose(0, 2).contiguous().transpose(0, 2)
    for x in (base, turned):
        spikes, last = run_loop(loop, [x], [], [])
        assert torch.equal(spikes, expected[0])
        assert torch.equal(last[0], expected[1][0])
        assert spikes.grad_fn is None
    # Memory that no kernel reads as it is comes from Python.
    shifted = torch.empty(base.numel() + 1)[1:].view(base.shape).copy_(base)
    assert torch.equal(run_loop(loop, [shifted], [], [])[0], expected[0])


def test_states_that_do_not_fit_are_refused_in_python() -> None:
    loop = loop_of(LIF())
    host = host_of(loop)
    x = torch.randn(4, 2, 8)
    run_loop(loop, [x], [torch.zeros(2, 8)], [])
    assert host is not None
    assert host.launch is not None
    assert len(host.launch(host.number, 0, False, [x, torch.zeros(2, 8)])) == 2
    assert host.launch(host.number, 0, False, [x, torch.zeros(2, 9)]) == []
    assert host.launch(host.number, 0, False, [x, torch.zeros(2, 8).double()]) == []
    assert host.launch(host.number, 0, False, [x, *[torch.zeros(2, 8)] * 2]) == []
    with pytest.raises(RuntimeError, match="no loop"):
        host.launch(10**6, 0, False, [x])


def test_errors_of_gradients() -> None:
    loop = loop_of(LIF())
    x = torch.randn(4, 2, 8, requires_grad=True)
    for _ in range(2):
        spikes, _ = run_loop(loop, [x], [], [])
        with pytest.raises(RuntimeError, match="no second derivative"):
            torch.autograd.grad(spikes.sum(), x, create_graph=True)
    assert spikes.grad_fn is not None
    assert spikes.grad_fn.name() == IN_LIBRARY
    spikes, _ = run_loop(loop, [x], [], [])
    spikes.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        spikes.sum().backward()
    spikes, _ = run_loop(loop, [y := x * 1], [], [])
    with torch.no_grad():
        y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        spikes.sum().backward()


@pytest.mark.parametrize("step_mode", ["s", "m"])
def test_a_module_at_once(step_mode: str) -> None:
    """A layer whose loop is CUDA's text: what its short way computes is what the long one does."""
    layer, like = LIF(step_mode=step_mode), LIF(step_mode=step_mode, backend="torch")
    loop = loop_of(layer)
    shape = (2, 3, 8) if step_mode == "s" else (4, 2, 3, 8)
    sequence = torch.randn(1, *shape) if step_mode == "s" else torch.randn(shape)
    for states in ([], [torch.zeros(2, 3, 8)]):
        run_loop(loop, [sequence], states, [])
    layer.__dict__["_at_once"] = AtOnce.of(layer, loop, torch.zeros(shape))
    totals = []
    for _ in range(4):
        x = (torch.randn(shape) * 2).requires_grad_()
        outputs = []
        for each in (layer, like):
            spikes = each(x)
            weighed = spikes * torch.arange(spikes.numel()).view(shape)
            total = weighed.sum() + each.states["v"].sum()
            outputs.append((spikes, each.states["v"], *torch.autograd.grad(total, x)))
            each.detach()
        assert layer.input_shape == like.input_shape
        assert outputs[0][0].grad_fn.name() == IN_LIBRARY
        assert torch.equal(outputs[0][0], outputs[1][0])
        assert torch.equal(outputs[0][1], outputs[1][1])
        assert torch.allclose(outputs[0][2], outputs[1][2], rtol=1e-6, atol=1e-6)
        totals.append(float(outputs[0][0].detach().sum()))
    assert sum(totals) > 0
    layer.threshold = 1e9
    assert layer._at_once is None
    assert not layer(torch.randn(shape)).any()


def test_a_module_in_another_form_goes_the_long_way() -> None:
    layer = LIF()
    loop = loop_of(layer)
    x = torch.randn(4, 2, 8)
    run_loop(loop, [x], [], [])
    at_once = AtOnce.of(layer, loop, x)
    assert at_once is not None
    assert at_once(layer, (x,)) is not None
    layer.reset()
    for other in (x.double(), x[0], torch.randn(5, 2, 8), x[:0]):
        assert at_once(layer, (other,)) is None
    assert layer.states == {}


def test_the_report_names_the_reason() -> None:
    host = host_of(loop_of(LIF()))
    assert host is not None
    assert host.absence() == ""
