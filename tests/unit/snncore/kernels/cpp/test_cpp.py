"""The C++ kernels against eager torch: spikes and states to the bit, gradients by name."""

from functools import partial
from itertools import cycle
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snncore import monitor, neuron
from snncore.surrogate import Surrogate
from tests.unit.drawn import Drawn, drawn_steps
from tests.unit.examples import few
from tests.unit.snncore.neurons import NEURONS, SURROGATES, drive, thorough

Tensors = dict[str, torch.Tensor]
PAIRS = list(zip(NEURONS, cycle(SURROGATES), strict=False))


def trained(module: neuron.EquationNeuron, x: torch.Tensor) -> tuple[Tensors, Tensors]:
    """Return spikes and states, and all gradients of a dense random loss."""
    x = x.clone().requires_grad_()
    spikes = module(x)
    generator = torch.Generator().manual_seed(5)
    results = {"s": spikes} | module.states
    weights = [torch.randn(r.shape, generator=generator).to(r.dtype) for r in results.values()]
    loss = sum((w * r).sum() for w, r in zip(weights, results.values(), strict=True))
    assert isinstance(loss, torch.Tensor)
    loss.backward()
    gradients = {"x": x.grad} | {name: p.grad for name, p in module.named_parameters()}
    return results, {name: g for name, g in gradients.items() if g is not None}


def check_equal(left: Tensors, right: Tensors) -> None:
    assert list(left) == list(right)
    for name in left:
        assert torch.equal(left[name], right[name]), name


def check_close(left: Tensors, right: Tensors) -> None:
    for name, gradient in right.items():
        # What has no influence has no gradient in autograd, and a zero one here.
        expected = left.get(name, torch.zeros_like(gradient))
        largest = float(expected.abs().max())
        error = float((expected - gradient).abs().max())
        assert error <= 1e-6 * largest, (name, error, largest)
    assert set(left) <= set(right)


def both(make: Any, x: torch.Tensor) -> tuple[tuple[Tensors, Tensors], tuple[Tensors, Tensors]]:
    return trained(make(backend="torch"), x), trained(make(backend="cpp"), x)


def with_parameters(name: str, slope: Surrogate, shape: tuple[int, ...]) -> Any:
    """Return the neuron with all its parameters learned, in this shape."""
    plain = NEURONS[name](learnable=())
    values = {key: torch.full(shape, getattr(plain, key)) for key in plain.equations.parameters}
    return partial(NEURONS[name], **values, learnable=tuple(values), surrogate=slope)


@pytest.mark.parametrize(
    ("name", "slope"), [pytest.param(*pair, id=pair[0], marks=thorough(pair[0])) for pair in PAIRS]
)
def test_it_is_eager_torch(name: str, slope: Surrogate) -> None:
    # More steps than a chunk, more neurons than a tile, and neither a whole number of them.
    eager, kernel = both(with_parameters(name, slope, (301,)), drive(name, 37, 1, 301))
    check_equal(eager[0], kernel[0])
    check_close(eager[1], kernel[1])
    assert bool(kernel[0]["s"].any())
    assert name.startswith("LeakyIntegrator") or not bool(kernel[0]["s"].all())


# What the sum is of is the loop's, and the same for every neuron.
@pytest.mark.every(6)
@pytest.mark.parametrize(("name", "slope"), PAIRS, ids=[name for name, _ in PAIRS])
def test_one_number_for_all_neurons_has_the_sum_of_their_gradients(
    name: str, slope: Surrogate
) -> None:
    x = drive(name, 21, 1, 301)
    each = trained(with_parameters(name, slope, (301,))(backend="cpp"), x)
    one = trained(with_parameters(name, slope, ())(backend="cpp"), x)
    check_equal(each[0], one[0])
    for key, gradient in one[1].items():
        if key != "x":
            parts = each[1][key].double()
            assert abs(gradient.double() - parts.sum()) <= 1e-6 * parts.abs().sum()


@settings(max_examples=few(24))
@given(drawn_steps(), st.integers(0, 1000))
def test_any_neuron_is_eager_torch(drawn: Drawn, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn((5, 1, 40), generator=generator)

    def make(backend: str) -> neuron.EquationNeuron:
        return neuron.Defined(
            drawn.equations(),
            {"a": 0.625, "b": -0.375},
            {},
            learnable=("a", "b"),
            backend=backend,
        )

    eager, kernel = make("torch"), make("cpp")
    left, right = eager(x), kernel(x)
    assert torch.equal(left.nan_to_num(), right.nan_to_num())
    for name in eager.states:
        assert torch.equal(eager.states[name].nan_to_num(), kernel.states[name].nan_to_num())
    if not any(value.requires_grad for value in (left, *eager.states.values())):
        return
    (_, expected), (_, gradients) = both(make, x)
    if all(bool(g.isfinite().all()) for g in expected.values()):
        zeros = {name: torch.zeros_like(g) for name, g in gradients.items()}
        torch.testing.assert_close(gradients, zeros | expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
@pytest.mark.parametrize("tau", [1.0, 2.0, 3.0, 64.0])
def test_a_quotient_by_a_number_is_the_eager_one(tau: float, kind: torch.dtype) -> None:
    eager, kernel = both(partial(neuron.LIF, tau), drive("LIF", 20, 1, 70).to(kind))
    check_equal(eager[0], kernel[0])
    check_close(eager[1], kernel[1])


def test_one_flipped_bit_is_seen() -> None:
    x = drive("LIF", 8, 2, 50)
    spikes = neuron.LIF(backend="cpp")(x)
    spikes.view(-1)[17] = 1 - spikes.view(-1)[17]
    assert not torch.equal(spikes, neuron.LIF(backend="torch")(x))


def test_two_runs_have_the_same_bits() -> None:
    x = drive("ParametricLIF", 20, 4, 5000)
    first, second = (trained(neuron.ParametricLIF(backend="cpp"), x) for _ in range(2))
    check_equal(first[0], second[0])
    check_equal(first[1], second[1])


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64, torch.uint8])
def test_input_types(kind: torch.dtype) -> None:
    x = (drive("LIF", 12, 2, 33) + 2).clamp_min(0).to(kind)
    spikes, eager = (neuron.LIF(4.0, 1.5, backend=b) for b in ("cpp", "torch"))
    assert torch.equal(spikes(x), eager(x))
    assert torch.equal(spikes.states["v"], eager.states["v"])
    assert spikes(x).dtype == (kind if kind.is_floating_point else torch.float32)
    wide = torch.float64 if kind == torch.float64 else torch.float32
    assert spikes.states["v"].dtype == wide


def test_autocast_keeps_the_states_wide() -> None:
    x = drive("LIF", 6, 2, 33)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = torch.nn.functional.linear(x, torch.eye(33))
        kernel, eager = (neuron.LIF(backend=b) for b in ("cpp", "torch"))
        assert torch.equal(kernel(hidden), eager(hidden))
    assert kernel.states["v"].dtype == torch.float32


def test_layouts_empty_batches_and_steps() -> None:
    x = drive("LIF", 9, 4, 3, 8, 8)
    layouts = (x.transpose(1, 2), x[:, ::2], x.flip(0)[:, :, :, 1:], x[:, :0], x[:1])
    for given_layout in (*layouts, x.permute(0, 1, 3, 4, 2)):
        eager, kernel = both(neuron.LIF, given_layout)
        check_equal(eager[0], kernel[0])
        assert kernel[1]["x"].shape == given_layout.shape
        if given_layout.numel():
            check_close(eager[1], kernel[1])


def test_one_step_at_a_time_is_the_sequence() -> None:
    x = drive("LIF", 9, 4, 30)
    whole, single = neuron.LIF(backend="cpp"), neuron.LIF(backend="cpp", step_mode="s")
    assert torch.equal(whole(x), torch.stack([single(one) for one in x]))
    assert torch.equal(whole.states["v"], single.states["v"])


def test_a_monitor_sees_every_step() -> None:
    x = drive("LIF", 9, 4, 30)
    seen = []
    for backend in ("torch", "cpp"):
        network = torch.nn.Sequential(neuron.AdaptiveLIF(backend=backend))
        with monitor.record(network) as recording:
            network(x)
        seen.append(dict(recording["0"]))
    check_equal(seen[0], seen[1])


def test_float64_gradients_by_differences() -> None:
    module = neuron.LeakyIntegrator(3.0, backend="cpp")
    x = torch.randn(19, 1, 3, dtype=torch.float64, requires_grad=True)

    def run(given_input: torch.Tensor) -> torch.Tensor:
        module.reset()
        return module(given_input)

    assert torch.autograd.gradcheck(run, (x,))


def test_double_backward_says_that_it_does_not() -> None:
    x = drive("LIF", 3, 1, 4).requires_grad_()
    spikes = neuron.LIF(backend="cpp")(x)
    with pytest.raises(RuntimeError, match="second derivative"):
        torch.autograd.grad(spikes.sum(), x, create_graph=True)


def test_history_goes_on_from_call_to_call() -> None:
    x = drive("LIF", 8, 1, 40)
    gradients = []
    for backend in ("torch", "cpp"):
        module, given_input = neuron.LIF(backend=backend), x.clone().requires_grad_()
        module(given_input[:4])
        module(given_input[4:]).sum().backward()
        gradients.append({"x": given_input.grad})
    assert bool(gradients[0]["x"][:4].any())
    check_close(gradients[0], gradients[1])
