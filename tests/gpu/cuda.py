"""CUDA C on a GPU: the bits of loops of every form, inline kernels, graphs.

`python -m pytest tests/gpu/cuda.py` runs it; other test runs leave it out.
"""

from itertools import cycle
from typing import Any

import pytest
import torch

from snncore.kernels import Work, inline
from snncore.kernels.cuda import shape as cuda_shape
from snncore.kernels.cuda.loop import CudaLoop
from snncore.kernels.cuda.shape import CudaConfig
from snncore.surrogate import ATan, Surrogate
from tests.unit.snncore.kernels.cuda.loops import (
    check_gradients,
    check_results,
    make_case,
    on_cuda,
    on_module,
)
from tests.unit.snncore.neurons import NEURONS, SURROGATES

GPU = torch.device("cuda", 0)
KINDS = (torch.float32, torch.float16, torch.bfloat16)
SPREADS = ((), (3,), (3, 40))
# The quotient of gradients is approximate on a GPU, and some neurons amplify it step by step.
RELATIVE = 1e-6
# Its gradient makes any rounding grow: eager torch's own in float32 is a thousandth off float64's.
GROWTH = {"Izhikevich": 5.0, "Izhikevich-detached": 5.0}
ZOO = list(zip(NEURONS, cycle(SURROGATES), strict=False))


@pytest.fixture(autouse=True)
def many_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give threads several neurons, however few there are."""
    monkeypatch.setattr(cuda_shape, "BUSY", 1)


@pytest.mark.parametrize(("name", "slope"), ZOO, ids=[name for name, _ in ZOO])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_eager_torch_on_the_cpu(name: str, slope: Surrogate, kind: torch.dtype) -> None:
    spread = SPREADS[list(NEURONS).index(name) % 3]
    case = make_case(name, slope, 37, (5, 3, 40), kind, spread)
    expected, gradients = on_module(case, "torch")
    wide = 16 // kind.itemsize
    others = (
        (CudaConfig(32, 2, 8), CudaConfig(32, 2, 4, 8)),
        (CudaConfig(128, wide, 8), CudaConfig(64, wide, 8, 16)),
    )
    index = list(NEURONS).index(name) + KINDS.index(kind)
    for forward, backward in ((None, None), others[index % 2]):
        results, computed = on_cuda(case, "cuda", forward=forward, backward=backward)
        check_results(expected, results, name)
        _, again = on_cuda(case, "cuda", forward=forward, backward=backward)
        check_results(computed, again, "two runs")
        check_gradients(case, gradients, computed, RELATIVE * GROWTH.get(name, 1.0))


@pytest.mark.parametrize("steps", [1, 4, 16, 17, 64, 65, 200])
@pytest.mark.parametrize("kind", KINDS)
def test_any_number_of_steps_with_the_chosen_measures(steps: int, kind: torch.dtype) -> None:
    case = make_case("AdaptiveLIF-soft", ATan(), steps, (4, 1000), kind)
    expected, gradients = on_module(case, "cpp")
    results, computed = on_cuda(case, "cuda")
    check_results(expected, results)
    check_gradients(case, gradients, computed, RELATIVE)


@pytest.mark.parametrize("name", ["LIF-hard", "CubaLIF", "Izhikevich"])
def test_rounded_alike_the_gradients_are_those_of_the_cpu(name: str) -> None:
    case = make_case(name, ATan(), 37, (3, 40), torch.float32)
    _, computed = on_cuda(case, "cuda", exact=True)
    _, gradients = on_module(case, "cpp")
    for key in ("x", *case.states):
        assert torch.equal(gradients[key], computed[key]), key


def test_more_than_two_to_the_31_elements() -> None:
    plain = NEURONS["IF-hard"]()
    constants = (("threshold", 1.0),)
    work = Work(plain.equations, ATan(), GPU, torch.float16, constants, final=False)
    steps, neurons = 3, (1 << 31) // 3 + (1 << 20)
    x = torch.full((steps, 1, neurons), 0.5, device=GPU, dtype=torch.float16)
    x[:, :, -3:] = 2.0
    loop = CudaLoop.of(work)
    spikes, _ = loop.forward([x], [], [])
    assert spikes[:, 0, -4:].float().cpu().tolist() == [[0, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 1]]
    assert int(spikes[1].sum(dtype=torch.float64)) == neurons
    (gradient,) = loop.backward([x], [], [], torch.ones_like(x), [], [True])
    assert gradient is not None
    assert bool(gradient[:, 0, 0].isfinite().all())
    assert torch.equal(gradient[:, 0, 0], gradient[:, 0, neurons // 2])


SOURCE = """
// @kernel
__global__ void scale(const float *x, float *__restrict__ y, float factor, int64_t n)
{
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) y[i] = factor * x[i];
}

// @kernel
__global__ void __launch_bounds__(256) total(const float *x, float *sums, int n)
{
    extern __shared__ float parts[];
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    parts[threadIdx.x] = i < n ? x[i] : 0.0f;
    __syncthreads();
    for (int half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) parts[threadIdx.x] += parts[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0) sums[blockIdx.x] = parts[0];
}
"""


@pytest.mark.parametrize("compiler", ["auto", "nvrtc"])
def test_a_source_runs_on_both_devices_alike(compiler: str) -> None:
    kernels = inline.load(SOURCE, options=inline.Options(compiler=compiler))
    x = torch.randn(10_001)
    results: list[Any] = []
    for device in ("cpu", "cuda"):
        moved, y = x.to(device), torch.empty(10_001, device=device)
        sums = torch.empty(40, device=device)
        kernels.scale(moved, y, 1.7, moved.numel())
        kernels.total(moved, sums, moved.numel(), shared=1024)
        kernels.total(moved, sums, moved.numel(), shared=100_000)
        results.append((y.cpu(), sums.cpu()))
    for first, second in zip(*results, strict=True):
        assert torch.equal(first, second)


def test_kernels_run_on_the_current_stream_and_in_a_graph() -> None:
    kernels = inline.load(SOURCE)
    x, y = torch.randn(1 << 20, device=GPU), torch.empty(1 << 20, device=GPU)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        torch.cuda._sleep(50_000_000)
        x.mul_(2.0)
        kernels.scale(x, y, 3.0, x.numel())
    stream.synchronize()
    assert torch.equal(y, x * 3.0)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        kernels.scale(x, y, 5.0, x.numel())
    x.normal_()
    graph.replay()
    torch.cuda.synchronize()
    assert torch.equal(y, x * 5.0)


SWISH = inline.elementwise(
    "y = x / (1.0f + expf(-beta * x));",
    parameters=("beta",),
    name="swish",
    backward="""
        const float s = 1.0f / (1.0f + expf(-beta * x));
        grad_x = grad_y * (s + beta * x * s * (1.0f - s));
    """,
)
LIF = inline.time_loop(
    "v += (x - v) * leak; s = v >= 1.0f ? 1.0f : 0.0f; if (s > 0.0f) v = 0.0f;",
    states=("v",),
    parameters=("leak",),
    name="lif",
    backward="""
    const float h = v + (x - v) * leak;
    const float far = (h - 1.0f) * 3.14159265f;
    const float slope = 1.0f / (1.0f + far * far);
    const float grad_h = (grad_s - grad_v * h) * slope + (h >= 1.0f ? 0.0f : grad_v);
    grad_x = grad_h * leak;
    grad_leak += grad_h * (x - v);
    grad_v = grad_h * (1.0f - leak);
    """,
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [77, 1 << 23])
def test_element_by_element(kind: torch.dtype, size: int) -> None:
    x = torch.randn(size, device=GPU).to(kind).requires_grad_()
    y = SWISH(x, beta=1.0)
    (computed,) = torch.autograd.grad(y.sum(), x)
    right = x.detach().float().requires_grad_()
    expected = torch.nn.functional.silu(right)
    (gradient,) = torch.autograd.grad(expected.sum(), right)
    close = {torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 2e-2}[kind]
    torch.testing.assert_close(y.float(), expected, rtol=close, atol=close)
    torch.testing.assert_close(computed.float(), gradient, rtol=close, atol=close)


@pytest.mark.parametrize("kind", KINDS)
def test_a_time_loop_is_the_same_on_both_devices_and_in_a_graph(kind: torch.dtype) -> None:
    x = (1.5 * torch.randn(37, 4, 1000) + 0.3).to(kind)
    upstream = torch.randn_like(x)
    results: list[Any] = []
    for device in ("cpu", "cuda"):
        moved = x.to(device).requires_grad_()
        leak = torch.tensor(0.5, device=device, requires_grad=True)
        s, v = LIF(moved, leak=leak)
        gradients = torch.autograd.grad(s, (moved, leak), upstream.to(device))
        results.append([value.detach().cpu() for value in (s, v, *gradients)])
    assert bool(results[0][0].any())
    for first, second in zip(results[0][:3], results[1][:3], strict=True):
        assert torch.equal(first, second)
    torch.testing.assert_close(results[0][3], results[1][3], rtol=1e-4, atol=1e-3)
    moved = x.to(GPU)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        s, _ = LIF(moved, leak=0.5)
    graph.replay()
    torch.cuda.synchronize()
    assert torch.equal(s.cpu(), results[0][0])
