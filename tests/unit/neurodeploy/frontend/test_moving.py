"""Networks that move values: traced in floats, prepared, lowered, and equal to their training."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.errors import DoesNotFitError, UnsupportedLayerError, ValidationError
from neurodeploy.frontend import graph_of
from neurodeploy.frontend.training import float_trace, training_trace
from neurodeploy.simulator.floats import run_floats
from neurodeploy.verification.compare import compare
from snncore import functional, layer, neuron
from tests.unit.neurodeploy.frontend.moving_nets import NETWORKS, drawn


@pytest.mark.parametrize("name", NETWORKS)
def test_a_float_network_is_its_graph(name: str) -> None:
    network, samples = drawn(name)
    graph = graph_of(network, example=samples)
    expected = float_trace(network, graph, samples.numpy())
    result = run_floats(graph, samples.numpy())
    assert result.spikes() > 50
    for key in expected:
        assert np.abs(expected[key].v - result[key].v).max() < 1e-5
        assert (expected[key].s == result[key].s).all()


@pytest.mark.parametrize("target", ["onnx", "lynxi"])
@pytest.mark.parametrize("name", NETWORKS)
def test_training_is_golden(name: str, target: str) -> None:
    network, samples = drawn(name)
    if (name, target) == ("volumes", "lynxi"):
        with pytest.raises(DoesNotFitError, match="at most 4"):
            quant.prepare(network, target=target, example=samples)
        return
    prepared = quant.prepare(network, target=target, example=samples).eval()
    program = nd.lower(prepared, example=samples)
    golden, fast = (nd.simulate(program, samples, engine=each) for each in ("golden", "fast"))
    trained = training_trace(prepared, program, samples.numpy().astype(np.int64))
    assert compare("training", golden, trained, 0.0).same
    assert compare("fast", golden, fast, 0.0).same
    assert golden.spikes() > 50


@pytest.mark.parametrize("name", ["joined", "moved", "larger"])
def test_a_file_keeps_the_layers(name: str, tmp_path: object) -> None:
    network, samples = drawn(name)
    nd.save(network, f"{tmp_path}/floats.pt", example=samples)
    again = nd.load(f"{tmp_path}/floats.pt")
    assert graph_of(again, example=samples).sha256 == graph_of(network, example=samples).sha256
    functional.reset(network)
    prepared = quant.prepare(network, target="onnx", example=samples).eval()
    program = nd.lower(prepared, example=samples)
    functional.reset(prepared)
    nd.save(prepared, f"{tmp_path}/model.pt", example=samples)
    assert nd.lower(nd.load(f"{tmp_path}/model.pt"), example=samples) == program


class _Net(nn.Module):
    """A layer, a function of its spikes, and dense weights."""

    def __init__(self, move: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.weights, self.neurons = layer.Conv2d(1, 4, 1), neuron.LIF()
        self.output, self.move = neuron.LIF(), move

    def forward(self, x: Tensor) -> Tensor:
        spikes: Tensor = self.output(self.move(self.neurons(self.weights(x))))
        return spikes


EXAMPLE = torch.zeros(1, 1, 1, 3, 5)


Move = Callable[[Tensor], Tensor]
UNDIVIDED: dict[str, tuple[Move, str]] = {
    "reshape": (lambda x: x.reshape(x.shape[0], x.shape[1], 7, 3), "does not divide into"),
    "concat": (lambda x: torch.cat([x, x.flatten(2)], 2), "joins values of unlike shapes"),
    "chunk": (lambda x: x.chunk(2, dim=3)[0], "3 values do not divide into 2 equal parts"),
    "slice": (lambda x: x[:, :, 5:6], "is not a part of an axis"),
}


@pytest.mark.parametrize("name", UNDIVIDED)
def test_shapes_that_do_not_divide_are_one_error(name: str) -> None:
    move, words = UNDIVIDED[name]
    with pytest.raises((ValidationError, UnsupportedLayerError), match=words):
        graph_of(_Net(move), example=EXAMPLE)


OUTER: dict[str, Move] = {
    "permute": lambda x: x.permute(1, 0, 2, 3, 4),
    "reshape": lambda x: x.reshape(-1, 4, 3, 5),
    "concat": lambda x: torch.cat([x, x], 0),
    "slice": lambda x: x[1:],
    "mean": lambda x: x.mean(1),
}


@pytest.mark.parametrize("name", OUTER)
def test_time_and_batch_are_not_moved(name: str) -> None:
    with pytest.raises(UnsupportedLayerError, match="is not an operation that can be exported"):
        graph_of(_Net(OUTER[name]), example=EXAMPLE)


def test_a_concat_of_unlike_units_is_refused() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = (
                quant.Conv2d(1, 2, 1, exponent=-6),
                quant.Conv2d(1, 2, 1, exponent=-4),
            )
            self.neurons = quant.CubaLIF(exponent=-6)

        def forward(self, x: Tensor) -> Tensor:
            spikes: Tensor = self.neurons(torch.cat((self.one(x), self.two(x)), 2))
            return spikes

    words = r"cat: is a concat of unlike units: one, which counts in 2\^-6 and two, which counts in"
    with pytest.raises(DoesNotFitError, match=words):
        nd.lower(Both(), example=EXAMPLE)
    like = Both()
    like.two = quant.Conv2d(1, 2, 1, exponent=-6)
    assert nd.lower(like, example=EXAMPLE).shapes["neurons"] == (4, 3, 5)


def test_a_concat_of_sums_is_refused_at_prepare() -> None:
    class Sums(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = layer.Conv2d(1, 2, 1), layer.Conv2d(1, 2, 1)
            self.neurons = neuron.LIF()

        def forward(self, x: Tensor) -> Tensor:
            spikes: Tensor = self.neurons(torch.cat((self.one(x), self.two(x)), 2))
            return spikes

    with pytest.raises(ValueError, match="cat: is a concat of unlike units: two counts in"):
        quant.prepare(Sums(), target="onnx", example=EXAMPLE)
