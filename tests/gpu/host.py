"""Later calls go through compiled code, with one node of autograd: the bits of the first call."""

from itertools import cycle
from typing import Any

import pytest
import torch

from snncore import functional
from snncore.kernels.host.build import LIBRARY
from tests.gpu.backends import on_gpu
from tests.unit.snncore.neurons import NEURONS, drive

BACKENDS = on_gpu()
KINDS = (torch.float32, torch.float16, torch.bfloat16)


def results_of(module: Any, x: torch.Tensor, learns: bool) -> list[torch.Tensor]:
    """Return spikes and last states, and gradients where they are asked for."""
    leaf = x.clone().requires_grad_(learns)
    spikes = module(leaf)
    results = [spikes.detach(), *(value.detach() for value in module.states.values())]
    if learns:
        weigh = torch.linspace(-1, 1, spikes.numel(), device=x.device).view(spikes.shape)
        leaves = [leaf, *module.parameters()]
        results += torch.autograd.grad((spikes.float() * weigh).sum(), leaves)
    functional.detach(module)
    return results


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("name", "kind"), list(zip(NEURONS, cycle(KINDS), strict=False)))
def test_later_calls_equal_the_first(name: str, kind: torch.dtype, backend: str) -> None:
    assert LIBRARY.wait() == ""
    x = drive(name, 20, 3, 16).to("cuda", kind)
    runs, nodes = [], []
    for _ in range(2):
        module = NEURONS[name](backend=backend).cuda()
        # From rest, and from states; each form in Python once, and then in the library.
        runs.append([results_of(module, x, learns) for learns in (True, True, False)])
        spikes = module(x.clone().requires_grad_())
        nodes.append(spikes.grad_fn.name())
    assert nodes[1] == "SequenceBackward"
    assert bool(runs[0][0][0].any()) or bool(runs[0][1][0].any())
    for first, later in zip(*runs, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(first, later, strict=True))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_step_at_a_time(backend: str) -> None:
    assert LIBRARY.wait() == ""
    for name in ("LIF-hard", "ParametricLIF-soft"):
        module = NEURONS[name](backend=backend, step_mode="s").cuda()
        eager = NEURONS[name](backend="torch", step_mode="s").cuda()
        for call, x in enumerate(drive("LIF", 6, 3, 16).cuda()):
            spikes = module(x.requires_grad_())
            assert torch.equal(spikes, eager(x))
            assert call < 2 or spikes.grad_fn.name() == "SequenceBackward"


@pytest.mark.parametrize("backend", BACKENDS)
def test_values_for_each_channel(backend: str) -> None:
    assert LIBRARY.wait() == ""
    make = NEURONS["ParametricLIF-hard"]
    module = make(w=[-1.0, 0.0, 1.0], backend=backend).cuda()
    x = drive("LIF", 20, 2, 3, 7).cuda()
    runs = []
    for _ in range(3):
        module.reset()
        runs.append(results_of(module, x, True))
    module.reset()
    spikes = module(x.requires_grad_())
    assert spikes.grad_fn.name() == "SequenceBackward"
    for later in runs[1:]:
        assert all(torch.equal(a, b) for a, b in zip(runs[0], later, strict=True))
