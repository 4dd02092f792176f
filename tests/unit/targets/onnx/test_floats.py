"""Networks in floats: written, marked, read back, and kept apart from programs."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import neurodeploy as nd
from neurodeploy import graph as g
from neurodeploy.data.structure import Edge
from neurodeploy.errors import ArtifactError, DoesNotFitError
from neurodeploy.frontend import graph_of
from neurodeploy.graph import Graph
from neurodeploy.simulator.floats import run_floats
from neurodeploy.target import Severity
from snncore import layer, neuron
from snncore.dynamics import Equations, Op
from snncore.dynamics.expression import Operation
from targets.loihi.chip.format import RESETTING_RESONATOR
from targets.onnx import target
from targets.onnx.compile import FILE
from tests.unit.programs import small
from tests.unit.targets.onnx.programs import alone, bare, nodes_of


def graph() -> Graph:
    """Return a network with a layer of every kind."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        layer.Conv2d(2, 4, 3, bias=True),
        layer.BatchNorm2d(4),
        neuron.LIF(tau=3.0),
        layer.MaxPool2d(2),
        layer.SumPool2d(2),
        layer.Flatten(),
        layer.Linear(4, 3, bias=True),
        neuron.EIF(),
    )
    return graph_of(network.eval(), shape=(2, 6, 6))


@pytest.mark.parametrize("form", ["scan", "step", "unrolled"])
@pytest.mark.parametrize("functions", [True, False])
def test_is_written_and_read_back(form: str, functions: bool) -> None:
    artifact = target.compile_graph(graph(), form=form, steps=3, functions=functions)
    model = onnx.load_from_string(artifact.files[FILE])
    onnx.checker.check_model(model, full_check=True)
    assert not artifact.exact
    assert artifact.manifest()["contract"]["exact"] is False
    notes = {entry.key: entry.value for entry in model.metadata_props}
    assert notes["neurodeploy.exact"] == "no, in floats"
    assert "Exp" in {node.op_type for node in nodes_of(model)}
    for each in (artifact, alone(artifact)):
        assert target.holds_floats(each)
        assert target.read_graph(each) == graph()
    again = target.compile_graph(graph(), form=form, steps=3, functions=functions)
    assert again.files == artifact.files


def test_programs_and_floats_are_kept_apart() -> None:
    floats, program = target.compile_graph(graph()), target.compile(small())
    assert program.exact
    assert not target.holds_floats(program)
    with pytest.raises(ArtifactError, match="holds a network in floats"):
        target.read(floats)
    with pytest.raises(ArtifactError, match="holds a program of integers"):
        target.read_graph(program)


def test_an_edited_weight_is_refused() -> None:
    model = onnx.load_from_string(target.compile_graph(graph()).files[FILE])
    weight = model.graph.initializer[0]
    numbers = np.frombuffer(weight.raw_data, "<f4").copy()
    numbers[0] += 1
    weight.raw_data = numbers.tobytes()
    with pytest.raises(ArtifactError, match="its numbers are not those that were exported"):
        target.read_graph(bare(model))


def test_what_is_said_of_floats() -> None:
    (note,) = target.check_graph(graph())
    assert note.severity == Severity.WARNING
    assert "equal within a tolerance" in note.message
    network = torch.nn.Sequential(layer.Linear(3, 2), neuron.IF()).double()
    with torch.no_grad():
        network[0].weight.add_(1e-12)
    error, _ = target.check_graph(graph_of(network, shape=(3,)))
    assert str(error) == "0.weight: needs double precision (use network.float())"
    weights = g.Dense("fc", Edge("input"), np.ones((2, 3)))
    error, _ = target.check_graph(g.Graph((g.Input("input", (3,)), weights), "fc"))
    assert "is the output, and no layer of neurons" in error.message


def test_other_targets_take_none(tmp_path: Path) -> None:
    network = torch.nn.Sequential(layer.Linear(3, 2), neuron.IF())
    example = torch.zeros(1, 1, 3)
    with pytest.raises(DoesNotFitError, match="its weights are floats"):
        nd.export(network, target="loihi", path=tmp_path / "a", example=example)
    artifact = nd.export(network, target="onnx", path=tmp_path / "b", example=example)
    assert nd.read(artifact) == graph_of(network, example=example)
    trace = nd.simulate(nd.read(artifact), np.ones((4, 2, 3)))
    assert trace.output.shape == (4, 2, 2)


def _neurons(equations: Equations, **parameters: float) -> Graph:
    """Return two layers of weights on one input, and what they drive."""
    random = np.random.default_rng(0)
    weights = [
        g.Dense(key, Edge("in"), random.normal(size=(4, 3)).astype(np.float32)) for key in "ab"
    ]
    second = Edge("b") if len(equations.inputs) > 1 else None
    values = {key: np.array(value) for key, value in parameters.items()}
    driven = g.Neuron("n", Edge("a"), equations, values, second=second)
    return Graph((g.Input("in", (3,)), *weights, driven), "n")


@pytest.mark.parametrize("form", ["scan", "step", "unrolled"])
def test_neurons_with_two_inputs_run_in_a_runtime(form: str) -> None:
    network = _neurons(RESETTING_RESONATOR, sine=0.5, cosine=0.75, threshold=1.5)
    artifact = target.compile_graph(network, form=form, steps=1)
    assert target.read_graph(alone(artifact)) == network
    samples = np.random.default_rng(1).normal(size=(1, 5, 3)).astype(np.float32)
    session = onnxruntime.InferenceSession(artifact.files[FILE])
    entry = session.get_inputs()
    shape = (5, 3) if form == "step" else (1, 5, 3)
    names = {entry[0].name: samples.reshape(shape)}
    names |= {each.name: np.zeros((5, 4), np.float32) for each in entry[1:]}
    output = session.run(None, names)[0].reshape(1, 5, 4)
    expected = run_floats(network, samples).output
    assert 0 < expected.sum() < expected.size
    np.testing.assert_array_equal(output, expected)


def test_registers_have_no_form_in_floats() -> None:
    clip = Operation(Op.CLIP, (2,), (-3, 3))
    leaves = (Operation(Op.STATE, (), "v"), Operation(Op.INPUT, (), "x"))
    operations = (*leaves, Operation(Op.ADD, (0, 1)), clip, Operation(Op.SPIKE, (3,), True))
    network = _neurons(Equations("Clipped", ("v",), ("x",), (), operations, (3,), 4))
    errors = [each for each in target.check_graph(network) if each.severity == Severity.ERROR]
    assert "n: ONNX has no words for clip in floats" in str(errors[0])
    with pytest.raises(DoesNotFitError, match="has no words for clip"):
        target.compile_graph(network)
