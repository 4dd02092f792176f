"""The CUDA kernels, run on the CPU thread by thread, against eager torch and the C++ kernels."""

from itertools import cycle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snncore.kernels.cuda import shape as cuda_shape
from snncore.kernels.cuda.loop import CudaLoop
from snncore.kernels.cuda.shape import CudaConfig
from snncore.kernels.loop.output import Output, pack
from snncore.kernels.loop.work import Work
from snncore.surrogate import (
    ATan,
    FakeNumericalGradient,
    PiecewiseQuadratic,
    QPseudoSpike,
    Surrogate,
)
from tests.unit.drawn import Drawn, drawn_steps
from tests.unit.examples import few
from tests.unit.snncore.kernels.cuda.loops import (
    check_gradients,
    check_results,
    make_case,
    on_cuda,
    on_module,
)
from tests.unit.snncore.neurons import NEURONS, SURROGATES, thorough

CPU = torch.device("cpu")
KINDS = (torch.float32, torch.float16, torch.bfloat16)
# A value for all, one a channel, one an element.
SPREADS = ((), (3,), (3, 20))
# Izhikevich's gradient amplifies any rounding, most with slopes that reach far from the threshold.
NEAR = {"Izhikevich": PiecewiseQuadratic(), "Izhikevich-detached": QPseudoSpike()}
ZOO = [
    (name, NEAR.get(name, slope), kind, spread)
    for name, slope, kind, spread in zip(
        NEURONS, cycle(SURROGATES), cycle(KINDS), cycle(SPREADS), strict=False
    )
]
# More steps than a chunk and than a span, and a whole number of neither.
FORTH, BACK = CudaConfig(32, 2, 8), CudaConfig(32, 2, 4, 8)


@pytest.fixture(autouse=True)
def many_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give threads several neurons, however few there are."""
    monkeypatch.setattr(cuda_shape, "BUSY", 1)


@pytest.mark.parametrize(
    ("name", "slope", "kind", "spread"),
    [pytest.param(*case, id=case[0], marks=thorough(case[0])) for case in ZOO],
)
def test_it_is_eager_torch(
    name: str, slope: Surrogate, kind: torch.dtype, spread: tuple[int, ...]
) -> None:
    case = make_case(name, slope, 21, (1, 3, 20), kind, spread)
    expected, gradients = on_module(case, "torch")
    results, computed = on_cuda(case, "cpu", forward=FORTH, backward=BACK)
    check_results(expected, results, name)
    check_gradients(case, gradients, computed)
    assert bool(results["s"].any())
    assert name.startswith("LeakyIntegrator") or not bool(results["s"].all())


def test_far_slopes_amplify_the_rounding_of_izhikevich_tenfold_at_most() -> None:
    case = make_case(
        "Izhikevich-detached", FakeNumericalGradient(), 21, (1, 3, 20), torch.float32, ()
    )
    expected, gradients = on_module(case, "torch")
    results, computed = on_cuda(case, "cpu", forward=FORTH, backward=BACK)
    check_results(expected, results, "Izhikevich-detached")
    check_gradients(case, gradients, computed, 1e-5)


EXACT = [(z[0], s, k) for z, s, k in zip(ZOO[::4], cycle(SURROGATES[::-1]), cycle(KINDS))]


@pytest.mark.every(3)
@pytest.mark.parametrize(("name", "slope", "kind"), EXACT, ids=[e[0] for e in EXACT])
def test_rounded_alike_its_gradients_are_those_of_cpp(
    name: str, slope: Surrogate, kind: torch.dtype
) -> None:
    case = make_case(name, slope, 13, (1, 3, 20), kind, (3, 20))
    _, gradients = on_module(case, "cpp")
    _, computed = on_cuda(case, "cpu", exact=True, forward=FORTH, backward=BACK)
    for key, value in computed.items():
        assert torch.equal(gradients[key].view(value.shape).to(value.dtype), value), key


WIDTHS = [(torch.float32, 1), (torch.float32, 4), (torch.float16, 1), (torch.bfloat16, 8)]


@pytest.mark.parametrize(("kind", "lanes"), WIDTHS)
def test_any_number_of_neurons_and_steps(kind: torch.dtype, lanes: int) -> None:
    for steps, neurons in ((1, 77), (33, 8 * 33)):
        case = make_case("AdaptiveLIF-soft", ATan(), steps, (1, neurons), kind)
        expected, gradients = on_module(case, "cpp")
        results, computed = on_cuda(
            case, "cpu", forward=CudaConfig(32, lanes, 8), backward=CudaConfig(64, lanes, 8, 16)
        )
        check_results(expected, results)
        check_gradients(case, gradients, computed)


LARGE = [
    (4, torch.float16, "LIF-hard"),
    (16, torch.bfloat16, "CubaLIF"),
    (64, torch.float32, "LIF-hard"),
    (100, torch.float16, "CubaLIF"),
]


@pytest.mark.parametrize(("steps", "kind", "name"), LARGE)
def test_the_measures_of_a_large_layer_compute_the_same(
    steps: int, kind: torch.dtype, name: str
) -> None:
    case = make_case(name, ATan(), steps, (2, 64), kind)
    results, computed = on_cuda(case, "cpu")
    expected, gradients = on_module(case, "cpp")
    check_results(expected, results)
    check_gradients(case, gradients, computed)


def test_the_measures_of_a_small_layer_compute_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_shape, "BUSY", 1 << 18)
    for steps in (32, 41):
        case = make_case("LIF-hard", ATan(), steps, (2, 64), torch.float16)
        results, computed = on_cuda(case, "cpu")
        expected, gradients = on_module(case, "cpp")
        check_results(expected, results)
        check_gradients(case, gradients, computed)


@pytest.mark.parametrize("name", ["LIF-detached", "EIF-hard", "AdaptiveLIF-soft"])
def test_constants_are_printed_in(name: str) -> None:
    case = make_case(name, ATan(), 9, (1, 40), torch.float32)
    constants = {key: float(value) for key, value in case.parameters.items()}
    expected, gradients = on_module(case, "torch")
    results, computed = on_cuda(case, "cpu", constants=constants)
    check_results(expected, results)
    check_gradients(case, gradients, computed)
    assert set(computed) == {"x", *case.states}


@settings(max_examples=few(16))
@given(drawn_steps(), st.integers(0, 1000))
def test_any_neuron_is_eager_torch(drawn: Drawn, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn((5, 1, 40), generator=generator)
    equations = drawn.equations()
    values = [torch.tensor(0.625), torch.tensor(-0.375)]
    loop = CudaLoop.of(Work(equations, ATan(), CPU, torch.float32))
    states = [torch.zeros(1, 40) for _ in equations.states]
    spikes, last = loop.forward([x], states, values)
    step = drawn.step()
    fired = []
    for now in x.unbind(0):
        *states, s = (
            torch.as_tensor(v, dtype=torch.float32).expand(1, 40)
            for v in step(*states, now, a=values[0], b=values[1])
        )
        fired.append(s)
    assert torch.equal(spikes.nan_to_num(), torch.stack(fired).nan_to_num())
    for right, state in zip(states, last, strict=True):
        assert torch.equal(right.nan_to_num(), state.nan_to_num())


def test_one_flipped_bit_is_seen() -> None:
    case = make_case("LIF-hard", ATan(), 8, (2, 50), torch.float32)
    expected, _ = on_module(case, "torch")
    results, _ = on_cuda(case, "cpu")
    results["s"].view(-1)[17] = 1 - results["s"].view(-1)[17]
    with pytest.raises(AssertionError):
        check_results(expected, results)


def test_two_runs_have_the_same_bits() -> None:
    case = make_case("ParametricLIF-hard", ATan(), 20, (4, 500), torch.float32)
    first, second = (on_cuda(case, "cpu")[1] for _ in range(2))
    check_results(first, second)


@pytest.mark.parametrize(("kind", "neurons"), [(torch.float32, 40), (torch.bfloat16, 33)])
def test_spikes_as_bytes_and_bits(kind: torch.dtype, neurons: int) -> None:
    case = make_case("LIF-hard", ATan(), 9, (2, neurons), kind)
    expected, last = on_module(case, "torch")[0].values()
    spikes = expected.to(torch.uint8)
    for output, right in ((Output.BYTES, spikes), (Output.BITS, pack(spikes))):
        work = Work(case.module("torch").equations, case.slope, CPU, kind, output=output)
        states, parameters = list(case.states.values()), list(case.parameters.values())
        fired, (state,) = CudaLoop.of(work).forward([case.x], states, parameters)
        assert torch.equal(fired, right)
        assert torch.equal(state, last)


def test_nothing_is_computed_for_no_neurons() -> None:
    plain = NEURONS["LIF-hard"]()
    loop = CudaLoop.of(Work(plain.equations, ATan(), CPU, torch.float32))
    x, v = torch.empty(3, 0, 4), torch.empty(0, 4)
    values = [torch.tensor(2.0), torch.tensor(1.0)]
    spikes, (last,) = loop.forward([x], [v], values)
    assert spikes.shape == x.shape
    assert last.shape == v.shape
    gradients = loop.backward([x], [v], values, spikes, [None], [True, False, True, False])
    assert gradients[0] is not None
    assert gradients[0].shape == x.shape
    assert gradients[1] is gradients[3] is None
    assert torch.equal(gradients[2], torch.tensor(0.0))
