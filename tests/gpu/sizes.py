"""More elements than 32 bits can count, and the memory that gradients keep."""

import pytest
import torch

from snncore import neuron
from tests.gpu.backends import DEVICE, on_gpu

BACKENDS = on_gpu()


@pytest.mark.parametrize("backend", BACKENDS)
def test_more_than_two_to_the_31_elements(backend: str) -> None:
    torch.use_deterministic_algorithms(False)
    neurons = (1 << 29) + 1000
    module = neuron.LIF(backend=backend, keep_states=False)
    x = torch.empty((4, 1, neurons), device=DEVICE, dtype=torch.float16)
    x.normal_(generator=torch.Generator(DEVICE).manual_seed(1)).requires_grad_()
    assert x.numel() > 1 << 31
    spikes = module(x)
    ends = (slice(0, 5000), slice((1 << 28) - 100, (1 << 28) + 4900), slice(-5000, None))
    (gradient,) = torch.autograd.grad(spikes, x, torch.ones_like(spikes))
    for end in ends:
        part = x.detach()[:, :, end].contiguous().requires_grad_()
        fired = module(part)
        assert bool(fired.any())
        assert torch.equal(spikes[:, :, end], fired)
        (part_gradient,) = torch.autograd.grad(fired, part, torch.ones_like(fired))
        assert torch.equal(gradient[:, :, end], part_gradient)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("steps", [4, 16, 64, 200])
def test_no_more_than_the_input_is_held(steps: int, kind: torch.dtype, backend: str) -> None:
    torch.use_deterministic_algorithms(False)
    module = neuron.LIF(backend=backend, keep_states=False)
    x = torch.randn((steps, 1, 1 << 20), device=DEVICE).to(kind).requires_grad_()
    torch.autograd.grad(module(x).sum(), x)
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    spikes = module(x)
    used = torch.cuda.memory_allocated() - before
    # Only the output is new memory: the gradient keeps the caller's own input.
    assert used <= spikes.numel() * spikes.element_size() + (1 << 16)
