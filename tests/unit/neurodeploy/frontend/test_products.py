"""Networks that multiply spikes: traced in floats, prepared, lowered, equal to their training."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.errors import DoesNotFitError, UnsupportedLayerError
from neurodeploy.frontend import graph_of
from neurodeploy.frontend.training import float_trace, training_trace
from neurodeploy.program import Attention, Multiply
from neurodeploy.simulator.floats import run_floats
from neurodeploy.verification.compare import compare
from snncore import functional, layer, neuron
from tests.unit.neurodeploy.frontend.product_nets import NETWORKS, Joined, drawn


@pytest.mark.parametrize("name", NETWORKS)
def test_a_float_network_is_its_graph(name: str) -> None:
    network, samples = drawn(name)
    graph = graph_of(network, example=samples)
    expected = float_trace(network, graph, samples.numpy())
    result = run_floats(graph, samples.numpy())
    assert result.spikes() > 50
    for key in expected:
        assert np.abs(expected[key].s - result[key].s).max() < 1e-4


@pytest.mark.parametrize("target", ["onnx", "lynxi"])
@pytest.mark.parametrize("name", NETWORKS)
def test_training_is_golden(name: str, target: str) -> None:
    network, samples = drawn(name)
    prepared = quant.prepare(network, target=target, example=samples).eval()
    program = nd.lower(prepared, example=samples)
    assert any(isinstance(node, Multiply | Attention) for node in program.nodes)
    golden, fast = (nd.simulate(program, samples, engine=each) for each in ("golden", "fast"))
    trained = training_trace(prepared, program, samples.numpy().astype(np.int64))
    assert compare("training", golden, trained, 0.0).same
    assert compare("fast", golden, fast, 0.0).same
    assert golden.spikes() > 50


@pytest.mark.parametrize("name", ["and not", "attention"])
def test_every_layer_before_a_product_learns(name: str) -> None:
    network, samples = drawn(name)
    prepared = quant.prepare(network, target="onnx", example=samples).train()
    prepared(samples).sum().backward()
    gradients = [each.grad for key, each in prepared.named_parameters() if "weight" in key]
    assert len(gradients) > 2
    assert all(each is not None and bool(each.any()) for each in gradients)


def test_attention_is_exact_in_autocast() -> None:
    values = [(torch.rand(3, 2, 32, 9, 9) < 0.8).float() for _ in range(3)]
    attend = quant.SpikeAttention(1)
    expected = attend(*values)
    assert float(expected.max()) > 1000
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(attend(*values), expected)
        assert not torch.equal(layer.SpikeAttention(1, 1.0)(*values).float(), expected)


@pytest.mark.parametrize("name", ["and not", "attention"])
def test_a_file_keeps_the_products(name: str, tmp_path: Path) -> None:
    network, samples = drawn(name)
    if name == "attention":
        nd.save(network, tmp_path / "floats.pt", example=samples)
        again = nd.load(tmp_path / "floats.pt")
        assert graph_of(again, example=samples).sha256 == graph_of(network, example=samples).sha256
        functional.reset(network)
    prepared = quant.prepare(network, target="onnx", example=samples).eval()
    program = nd.lower(prepared, example=samples)
    functional.reset(prepared)
    nd.save(prepared, tmp_path / "model.pt", example=samples)
    assert nd.lower(nd.load(tmp_path / "model.pt"), example=samples) == program


EXAMPLE = torch.zeros(1, 1, 2, 5, 4)


class Ones(nn.Module):
    """One minus spikes, as a product may read them, and nothing else."""

    def __init__(self, twice: bool) -> None:
        super().__init__()
        self.first, self.second, self.twice = neuron.LIF(), neuron.LIF(), twice

    def forward(self, x: Tensor) -> Tensor:
        y = 1 - self.first(x)
        spikes: Tensor = self.second(y * (1 - self.first(x)) if self.twice else y)
        return spikes


def test_one_minus_spikes_without_a_product_is_refused() -> None:
    with pytest.raises(UnsupportedLayerError, match=r"second: reads one minus first, .* may"):
        graph_of(Ones(False), example=EXAMPLE)


def test_a_graph_that_scales_or_reads_sums_is_refused_by_the_lowering() -> None:
    scaled = Joined(layer.SpikeAttention(2, 0.25), fire=True)
    prepared = quant.prepare(scaled, target="onnx", example=EXAMPLE)
    prepared.join = layer.SpikeAttention(2, 0.25)
    with pytest.raises(DoesNotFitError, match=r"join: scales by 0.25, and integers are only added"):
        nd.lower(prepared, example=EXAMPLE)

    class Sums(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights, self.neurons = quant.Conv2d(2, 2, 1), quant.CubaLIF()

        def forward(self, x: Tensor) -> Tensor:
            spikes: Tensor = self.neurons(self.weights(x) * x)
            return spikes

    with pytest.raises(DoesNotFitError, match=r"mul: reads weights with no neurons between them"):
        nd.lower(Sums(), example=EXAMPLE)
