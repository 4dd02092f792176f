"""The ends of torch networks: sums without neurons, and decoders over time."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.errors import UnsupportedLayerError, ValidationError
from neurodeploy.frontend import graph_of
from neurodeploy.frontend.training import float_trace, training_trace
from neurodeploy.graph import Decoder
from neurodeploy.simulator.floats import run_floats
from snncore import decoding, functional, layer, neuron
from tests.conformance.reading_networks import DECODERS, reading_case

SAMPLES = (np.random.default_rng(0).random((7, 2, 4)) < 0.5).astype(np.float64)


class Floats(nn.Module):
    """Neurons, weights, and a function of their sums."""

    def __init__(self, end: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        # Not in the order of the calls.
        self.fc, self.end = layer.Linear(6, 3), end
        self.a, self.lif = layer.Linear(4, 6), neuron.IF(0.2)

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.fc(self.lif(self.a(x))))


@pytest.mark.parametrize("name", sorted({*DECODERS} - {"first spike"}))
def test_floats_decode_as_the_network_does(name: str) -> None:
    network = Floats(DECODERS[name])
    graph = graph_of(network, shape=(4,))
    trace, trained = run_floats(graph, SAMPLES), float_trace(network, graph, SAMPLES)
    expected = network(torch.from_numpy(SAMPLES).float()).detach().numpy()
    assert trace.output.shape == expected.shape
    assert np.allclose(trace.output, expected, atol=1e-5)
    assert np.allclose(trained.output, expected, atol=1e-5)
    assert list(trace) == list(trained)
    assert [node.name for node in graph.nodes][-2 if name != "none" else -1] == "fc"


@pytest.mark.parametrize("seed", range(len(DECODERS)))
def test_a_saved_network_is_the_same_program(seed: int, tmp_path: object) -> None:
    case = reading_case(seed, "int8")
    path = f"{tmp_path}/model.pt"
    nd.save(case.model, path, example=case.samples)
    again = nd.load(path)
    assert nd.lower(again, example=case.samples) == case.program
    samples = torch.from_numpy(case.samples).float()
    expected = case.model(samples)
    functional.reset(case.model)
    assert torch.equal(again(samples), expected)


def test_a_program_is_read_back_from_its_text() -> None:
    for seed in range(len(DECODERS)):
        program = reading_case(seed, "int8").program
        again = type(program).loads(program.dumps())
        assert again == program
        assert again.readout == program.readout
        assert again.text() == program.text()


@pytest.mark.parametrize("form", ["loihi", "int8"])
def test_weights_that_stand_alone_at_the_end_are_read_out(form: str) -> None:
    hidden = quant.CubaLIF(0.25) if form == "loihi" else quant.IF(0.25, format=form)
    weights = quant.Linear(4, 6, format=form)
    network = nn.Sequential(quant.Block(weights, hidden), quant.Linear(6, 3, format=form))
    samples = SAMPLES.astype(np.int64)
    program = nd.lower(network, example=samples)
    trained, trace = training_trace(network, program, samples), nd.simulate(program, samples)
    assert (trained["1"].s == trace["1"].s).all()
    assert (trace.output == network(torch.from_numpy(SAMPLES).float()).detach().numpy()).all()


def test_accuracy_takes_the_decoded_output() -> None:
    from neurodeploy.trace import accuracy

    case = reading_case(4, "int8")
    trace = nd.simulate(case.program, case.samples)
    best = trace.output.argmax(axis=1)
    assert trace.output.shape == (case.samples.shape[1], *case.program.shapes[case.program.output])
    assert accuracy(trace, best) == 1.0
    with pytest.raises(nd.NeurodeployError, match="labels are"):
        accuracy(trace, best[:-1] if len(best) > 1 else np.zeros(9))


def test_a_decoder_ends_the_network() -> None:
    network = Floats(lambda y: decoding.rate(y) + 1.0)
    with pytest.raises(UnsupportedLayerError, match="rate: decodes over time, and other layers"):
        graph_of(network, shape=(4,))


def test_a_negative_skip_is_refused() -> None:
    with pytest.raises(
        (UnsupportedLayerError, ValidationError), match=r"skips -1 steps|leaves out"
    ):
        graph_of(Floats(lambda y: decoding.rate(y, skip=-1)), shape=(4,))


@pytest.mark.parametrize(
    "last", [None, neuron.LeakyIntegrator(), neuron.IntegerLIF(), neuron.TernaryLIF()]
)
def test_the_first_spike_of_other_values_is_refused(last: nn.Module | None) -> None:
    network = Floats(decoding.first_spike)
    if last is not None:
        network.fc = nn.Sequential(network.fc, last)
    words = "first_spike: reads .*which does not send spikes of one"
    with pytest.raises(UnsupportedLayerError, match=words):
        graph_of(network, shape=(4,))
    with pytest.raises(ValueError, match=words):
        quant.prepare(network, target="onnx", example=torch.ones(2, 1, 4))


def test_a_network_that_returns_something_else_is_seen() -> None:
    case = reading_case(1, "int8")
    honest = case.model.decoder
    case.model.decoder = lambda y: honest(y)
    other = case.model
    handle = other.register_forward_hook(lambda _, __, output: output + 1.0)
    with pytest.raises(ValidationError, match="rate: the network returned another value"):
        training_trace(other, case.program, case.samples)
    handle.remove()
    assert isinstance(graph_of(other, example=case.samples).nodes[-1], Decoder)
