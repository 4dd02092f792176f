"""Networks on a grid in one compiled graph, forward and backward, with the bits of eager ones."""

import copy
import gc
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import quant
from snncore import encoding, functional, layer, neuron, one_node
from tests.unit.quant.drawn import FORMATS, drawn_network, drawn_spikes

SOME = (("loihi", 1), ("lynxi", 2), ("int8", 0))
Network = Callable[[Tensor], Tensor]


@pytest.fixture(autouse=True)
def fresh() -> None:
    torch._dynamo.reset()


class Counted:
    """A backend that counts the graphs that it is given."""

    def __init__(self, backend: str) -> None:
        self.backend, self.graphs = backend, 0

    def __call__(self, graph: Any, inputs: list[Any]) -> Any:
        self.graphs += 1
        return torch._dynamo.lookup_backend(self.backend)(graph, inputs)


def compiled(network: nn.Module, backend: str = "aot_eager", **options: Any) -> tuple[Any, Counted]:
    counted = Counted(backend)
    return torch.compile(network, fullgraph=True, backend=counted, **options), counted


def trained(network: nn.Module, run: Network, x: Tensor) -> dict[str, Tensor]:
    """Return outputs, gradients, states and buffers of one training step."""
    functional.reset(network)
    network.zero_grad()
    x = x.clone().requires_grad_()
    output = run(x)
    torch.autograd.backward(output, torch.linspace(-1, 1, output.numel()).reshape(output.shape))
    assert x.grad is not None
    values = {"output": output.detach().double(), "x": x.grad}
    for name, parameter in network.named_parameters():
        if parameter.grad is not None:
            values[name] = parameter.grad.clone()
    for name, module in network.named_modules():
        if isinstance(module, neuron.Neuron):
            values |= {f"{name}.{key}": state.detach() for key, state in module.states.items()}
    return values | {f"buffer {name}": each.clone() for name, each in network.named_buffers()}


def require_equal(expected: dict[str, Tensor], actual: dict[str, Tensor]) -> None:
    assert expected.keys() <= actual.keys()
    for name, value in actual.items():
        assert torch.equal(value, expected.get(name, torch.zeros_like(value))), name


def test_compiled_networks_train_as_eager_ones(full: bool) -> None:
    cases = [(form, seed) for form in FORMATS for seed in range(3)] if full else SOME
    spikes = 0.0
    for form, seed in cases:
        torch._dynamo.reset()
        network, shape = drawn_network(form, seed)
        network.train()
        twin, x = copy.deepcopy(network), drawn_spikes(shape, seed)
        run, _ = compiled(twin)
        for samples in (x, x.flip(0)):
            expected = trained(network, network, samples)
            require_equal(expected, trained(twin, run, samples))
            spikes += float(expected["output"].sum())
    assert spikes


def dense() -> quant.Block:
    """Return a layer of weights and neurons."""
    torch.manual_seed(0)
    return quant.Block(quant.Linear(9, 5, format="int8"), quant.LIF(0.25, 0.5))


def prepared() -> tuple[nn.Module, Tensor]:
    """Return a network with an encoder, folded norms, a shortcut, learned units and a readout."""
    torch.manual_seed(0)
    body = nn.Sequential(
        layer.Conv2d(4, 4, 3, padding=1, bias=False),
        layer.BatchNorm2d(4),
        neuron.LIF(threshold=0.4),
    )
    network = nn.Sequential(
        encoding.Direct(bits=8),
        layer.Conv2d(2, 4, 3, padding=1, bias=False),
        layer.BatchNorm2d(4),
        neuron.ParametricLIF(threshold=0.4),
        body,
        layer.MaxPool2d(2),
        layer.Flatten(),
        layer.Linear(36, 5),
    )
    x = torch.rand(3, 7, 2, 6, 6)
    return quant.prepare(network, target="int8", example=x, scale="learned").train(), x


def test_a_prepared_network_needs_one_graph_for_all_sizes() -> None:
    network, x = prepared()
    twin = copy.deepcopy(network)
    run, counted = compiled(twin, dynamic=True)
    for samples in (x, torch.rand(5, 8, 2, 6, 6), torch.rand(9, 3, 2, 6, 6)):
        require_equal(trained(network, network, samples), trained(twin, run, samples))
    assert counted.graphs == 1
    for each in (network, twin):
        functional.reset(each.eval())
    with torch.no_grad():
        assert torch.equal(run(x), network(x))


# It compiles C++ for a minute.
@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_torchs_own_compiler_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    # Torch's compiler leaves this behind.
    monkeypatch.setenv("_TORCHINDUCTOR_PYOBJECT_TENSOR_DATA_PTR", "")
    monkeypatch.delenv("_TORCHINDUCTOR_PYOBJECT_TENSOR_DATA_PTR")
    network, x = prepared()
    twin = copy.deepcopy(network)
    run, _ = compiled(twin, "inductor")
    require_equal(trained(network, network, x), trained(twin, run, x))


# Torch asks states for a gradient that they do not keep.
@pytest.mark.filterwarnings("ignore:The .grad attribute")
def test_states_go_on_between_calls() -> None:
    network, shape = drawn_network("int8", 0)
    x = (torch.rand(8, 2, *shape) < 0.5).float()
    run, _ = compiled(network)
    parts = torch.cat([run(x[:4]), run(x[4:])])
    learns = [each for each in network.parameters() if each.requires_grad]
    through = torch.autograd.grad(parts[4:].sum(), learns, allow_unused=True)
    functional.reset(network)
    whole = network(x)
    assert torch.equal(parts, whole)
    assert whole.any()
    expected = torch.autograd.grad(whole[4:].sum(), learns, allow_unused=True)
    for gradient, other in zip(through, expected, strict=True):
        if other is not None:
            torch.testing.assert_close(gradient, other, rtol=1e-5, atol=1e-6)


def test_a_copy_is_not_mistaken_for_its_original() -> None:
    block = dense()
    other = copy.deepcopy(block)
    other.neuron.threshold = 1.5
    x = (torch.rand(6, 2, 9) < 0.5).float()
    outputs = [compiled(each)[0](x) for each in (block, other)]
    assert not torch.equal(*outputs)
    functional.reset(other)
    assert torch.equal(outputs[1], other(x))


def test_a_lost_tape_is_recorded_again() -> None:
    block = dense()
    x = (torch.rand(6, 2, 9) < 0.5).float()
    # Runs of other tests end with their graphs, whenever those are collected.
    gc.collect()
    before = len(one_node._tapes)
    output = compiled(block)[0](x)
    assert len(one_node._tapes) == before + 1
    weights = [*block.parameters()]
    kept = torch.autograd.grad(output.sum(), weights, retain_graph=True)
    assert len(one_node._tapes) == before
    again = torch.autograd.grad(output.sum(), weights)
    assert kept[0].any()
    assert torch.equal(kept[0], again[0])


def test_an_error_within_a_graph_is_the_eager_one() -> None:
    block = dense()
    run, _ = compiled(block)
    with torch.no_grad():
        next(block.parameters())[0, 0] = float("nan")
    with pytest.raises(ValueError, match=r"Linear\.weight: a value is NaN"):
        run(torch.ones(3, 2, 9))
