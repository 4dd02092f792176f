"""Layers in compiled and in captured graphs on a GPU: the eager network's spikes, no break."""

import copy
from typing import Any

import pytest
import torch
from torch import nn
from torch._dynamo.utils import counters

import quant
from snncore import functional, layer, neuron, training
from tests.gpu.backends import DEVICE, on_gpu
from tests.unit.snncore.neurons import NEURONS, drive

BACKENDS = on_gpu()
MODES = {"fullgraph": None, "reduce-overhead": "reduce-overhead"}


def trained(network: Any, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    leaf = x.clone().requires_grad_()
    spikes = network(leaf)
    spikes.sum().backward()
    return spikes.detach().clone(), leaf.grad.clone()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", NEURONS)
def test_a_compiled_network_has_the_eager_spikes(name: str, mode: str, backend: str) -> None:
    torch.use_deterministic_algorithms(False)
    torch._dynamo.reset()
    counters.clear()
    module = NEURONS[name](backend=backend).to(DEVICE)
    x = drive(name, 6, 2, 64).to(DEVICE)
    spikes, gradient = trained(module, x)
    compiled = torch.compile(module, fullgraph=True, mode=MODES[mode])
    for _ in range(3):
        functional.reset(module)
        fired, computed = trained(compiled, x)
        assert torch.equal(spikes, fired)
        assert torch.equal(gradient, computed)
    assert not counters["graph_break"]
    assert counters["inductor"]["cudagraph_skips"] == 0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", MODES)
def test_states_go_on_from_call_to_compiled_call(mode: str, backend: str) -> None:
    torch.use_deterministic_algorithms(False)
    torch._dynamo.reset()
    module = neuron.LIF(backend=backend).to(DEVICE)
    x = drive("LIF", 24, 2, 64).to(DEVICE)
    with torch.no_grad():
        expected = module(x)
        compiled = torch.compile(module, fullgraph=True, mode=MODES[mode])
        for _ in range(2):
            functional.reset(module)
            spikes = []
            for part in x.split(4):
                spikes.append(compiled(part).clone())
                # A graph overwrites its results when it runs again.
                functional.detach(module)
            assert torch.equal(torch.cat(spikes), expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_training_is_captured(backend: str) -> None:
    torch.use_deterministic_algorithms(False)
    # A leaf's gradient arrives on the stream that it was used on first.
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        module = neuron.ParametricLIF(backend=backend, keep_states=False).to(DEVICE)
        x = drive("LIF", 32, 1, 1 << 14).to(DEVICE).requires_grad_()
        upstream = torch.randn_like(x)
        spikes = module(x)
        expected = torch.autograd.grad(spikes, (x, module.w), upstream)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        fired = module(x)
        gradients = torch.autograd.grad(fired, (x, module.w), upstream)
    for value in (fired, *gradients):
        value.detach().fill_(torch.nan)
    graph.replay()
    torch.cuda.synchronize()
    assert torch.equal(fired, spikes)
    assert all(torch.equal(a, b) for a, b in zip(gradients, expected, strict=True))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["loihi", "int8", "lynxi"])
def test_a_step_on_a_chips_grid_is_captured(form: str) -> None:
    torch.use_deterministic_algorithms(False)
    torch.manual_seed(0)
    x = (torch.rand(6, 4, 2, 8, 8) < 0.4).float()
    plain = nn.Sequential(
        layer.Conv2d(2, 8, 3, padding=1, bias=False),
        layer.BatchNorm2d(8),
        neuron.LIF(threshold=0.5, detach_reset=True),
        layer.Flatten(),
        layer.Linear(8 * 64, 5),
        neuron.LIF(threshold=0.5, detach_reset=True),
    )
    with torch.no_grad():
        plain[4].weight *= 10.0
    network = quant.prepare(plain, target=quant.chip_format(form), example=x).to(DEVICE).train()
    other, x = copy.deepcopy(network), x.to(DEVICE)
    labels = torch.arange(4, device=DEVICE)

    def loss(outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(outputs.mean(0), target)

    step = training.CapturedStep(network, loss, x, labels)
    # Norms and the form's ranges have seen batches while it was captured; from here on both see
    # the same.
    other.load_state_dict(network.state_dict())
    for seed in range(3):
        torch.manual_seed(seed)
        batch = (torch.rand(x.shape, device=DEVICE) < 0.4).float()
        captured = step(batch, labels)
        functional.reset(other)
        other.zero_grad(set_to_none=True)
        expected = loss(outputs := other(batch), labels)
        expected.backward()
        assert outputs.any()
        assert torch.equal(captured, expected)
        named = dict(other.named_parameters())
        for name, parameter in network.named_parameters():
            assert torch.allclose(parameter.grad, named[name].grad, rtol=1e-4, atol=1e-6), name
