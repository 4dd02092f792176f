"""Every neuron, surrogate, reset and type on a GPU: bits of spikes and states, gradients by name.

`--full` takes every neuron with every surrogate.
"""

from itertools import cycle
from typing import Any

import pytest
import torch

from snncore import neuron
from snncore.kernels import unpack
from snncore.surrogate import ATan, Surrogate
from tests.gpu.backends import DEVICE, on_gpu
from tests.unit.snncore.kernels.triton import compare
from tests.unit.snncore.neurons import NEURONS, SURROGATES, drive

BACKENDS = on_gpu()
KINDS = (torch.float32, torch.float16, torch.bfloat16)
SHAPES = ((), None, (3,), None, (3, 301))
PAIRS = [*zip(NEURONS, cycle(SURROGATES), strict=False), *(("LIF-soft", s) for s in SURROGATES)]


def test_something_runs_here() -> None:
    assert "triton" in BACKENDS


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("index", range(len(PAIRS)))
def test_it_is_eager_torch(index: int, kind: torch.dtype, backend: str) -> None:
    name, slope = PAIRS[index]
    shape = SHAPES[(index + KINDS.index(kind)) % len(SHAPES)]
    # More steps than a segment and more neurons than a program; neither is a multiple.
    x = drive(name, 37, 2, 3, 301).to(kind)
    compare.case(name, slope, x, compare.learned(name, shape), "cuda", backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NEURONS)
def test_every_surrogate_with_every_neuron(name: str, backend: str, full: bool) -> None:
    first = list(NEURONS).index(name) % len(SURROGATES)
    for slope in SURROGATES if full else SURROGATES[first : first + 1]:
        parameters = compare.learned(name, ())
        compare.case(name, slope, drive(name, 9, 2, 3, 5), parameters, "cuda", backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("steps", [1, 2, 15, 16, 17, 32, 64, 100])
def test_any_number_of_steps(steps: int, backend: str) -> None:
    parameters = compare.learned("LIF-hard", None)
    compare.case("LIF-hard", ATan(), drive("LIF", steps, 2, 300), parameters, "cuda", backend)


def both(make: Any, x: torch.Tensor, backend: str) -> None:
    """Check that spikes, states and input gradient here are those of the CPU."""
    results = []
    for device, name in (("cpu", "torch"), (DEVICE, backend)):
        module = make(backend=name).to(device)
        inputs = x.detach().to(device).requires_grad_()
        spikes = module(inputs)
        weights = torch.linspace(-1, 1, spikes.numel()).view(spikes.shape).to(spikes)
        (spikes * weights).sum().backward()
        states = [state.detach().cpu() for state in module.states.values()]
        results.append((spikes.detach().cpu(), states, inputs.grad.cpu()))
    assert torch.equal(results[0][0], results[1][0])
    assert all(torch.equal(a, b) for a, b in zip(results[0][1], results[1][1], strict=True))
    torch.testing.assert_close(results[0][2], results[1][2], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_layouts(backend: str) -> None:
    x = drive("LIF", 9, 4, 3, 8, 8)
    layouts = (x.transpose(1, 2), x[:, ::2], x.flip(0)[:, :, :, 1:], x[:, :0], x[:1])
    for view in (*layouts, x.permute(0, 1, 3, 4, 2)):
        both(neuron.LIF, view, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_quotient_of_any_size_is_rounded_as_ieee_asks(backend: str) -> None:
    generator = torch.Generator().manual_seed(3)
    bits = torch.randint(-(2**31), 2**31, (2, 1, 1 << 18), generator=generator)
    x = bits.to(torch.int32).view(torch.float32)
    x[:, :, :8] = torch.tensor([0.0, -0.0, torch.inf, -torch.inf, 1e-45, -1e-45, 1e-38, 3e38])
    for tau in (3.0, 7.0, 1.1, 1000.0):
        # A neuron that leaks for two steps and never fires shows every bit of the quotients.
        options = {"tau": tau, "threshold": 3.4e38, "reset": "none"}
        here = neuron.LIF(**options, backend=backend)
        there = neuron.LIF(**options, backend="torch")
        here(x.to(DEVICE)), there(x)
        torch.testing.assert_close(
            here.states["v"].cpu(), there.states["v"], rtol=0, atol=0, equal_nan=True
        )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("neurons", [1, 7, 8, 300, 4096])
def test_narrow_spikes(neurons: int, backend: str) -> None:
    x = drive("LIF", 20, 1, neurons)
    spikes = neuron.LIF(backend="torch")(x)
    as_bytes = neuron.LIF(backend=backend, output="uint8")(x.to(DEVICE))
    assert torch.equal(as_bytes.cpu(), spikes.to(torch.uint8))
    bits = neuron.LIF(backend=backend, output="bits")(x.to(DEVICE))
    assert torch.equal(unpack(bits, (1, neurons)).cpu(), spikes)


@pytest.mark.parametrize("backend", BACKENDS)
def test_spikes_as_bytes_are_read(backend: str) -> None:
    x = (drive("LIF", 20, 2, 33) > 0.5).to(torch.uint8)
    here, there = neuron.LIF(backend=backend), neuron.LIF(backend="torch")
    assert torch.equal(here(x.to(DEVICE)).cpu(), there(x))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_autocast_keeps_the_states_wide(kind: torch.dtype, backend: str) -> None:
    module = neuron.LIF(backend=backend)
    weight = torch.nn.Parameter(torch.eye(64, device=DEVICE))
    x = drive("LIF", 6, 8, 64).to(DEVICE)
    with torch.autocast("cuda", dtype=kind):
        hidden = torch.nn.functional.linear(x, weight)
        spikes = module(hidden)
    assert spikes.dtype == hidden.dtype == kind
    assert module.states["v"].dtype == torch.float32
    spikes.float().sum().backward()
    assert bool(weight.grad.any())
    there = neuron.LIF(backend="torch")
    assert torch.equal(spikes.cpu(), there(hidden.detach().cpu()))


@pytest.mark.parametrize("backend", BACKENDS)
def test_double_backward_says_that_it_does_not(backend: str) -> None:
    x = drive("LIF", 3, 1, 4).to(DEVICE).requires_grad_()
    spikes = neuron.LIF(backend=backend)(x)
    with pytest.raises(RuntimeError, match="second derivative"):
        torch.autograd.grad(spikes.sum(), x, create_graph=True)


def test_auto_takes_a_kernel_here_and_says_so() -> None:
    module = neuron.LIF()
    module(drive("LIF", 3, 1, 4).to(DEVICE))
    assert module.backend_report().chosen in BACKENDS
    assert isinstance(ATan(), Surrogate)
