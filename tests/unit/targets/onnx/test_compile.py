"""The written graph: operations, names, types and functions, and the same bytes each time."""

import numpy as np
import onnx
import pytest

from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import Dense, Edge, Input, Program, Signal
from targets.onnx import target
from targets.onnx.capabilities import CAPABILITIES
from targets.onnx.compile import FILE
from tests.unit.programs import neurons, random_program, small
from tests.unit.targets.onnx.programs import model_of, nodes_of, weights, wide

FORMS = CAPABILITIES.options["form"].choices


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("functions", [True, False])
def test_a_valid_model_of_portable_operations(form: str, functions: bool) -> None:
    for seed in range(12):
        model = model_of(random_program(seed), form=form, steps=3, functions=functions)
        onnx.checker.check_model(model, full_check=True)
        assert model.ir_version == 10
        assert {entry.domain: entry.version for entry in model.opset_import}[""] == 21
        operations = {node.op_type for node in nodes_of(model) if not node.domain}
        assert operations & {"MatMulInteger", "ConvInteger"}
        assert not operations & {"Loop", "BitShift", "MatMul", "Conv", "Gemm"}
        assert not any("QLinear" in name for name in operations)
        assert bool(model.functions) == functions
        assert ("Scan" in operations) == (form == "scan")


def test_the_same_program_is_the_same_bytes() -> None:
    for form in FORMS:
        files = [target.compile(random_program(5), form=form).files[FILE] for _ in range(2)]
        assert files[0] == files[1]


def test_names_are_the_layers_own() -> None:
    model = model_of(small())
    assert [value.name for value in model.graph.input] == ["in"]
    assert [value.name for value in model.graph.output] == ["n"]
    assert [tensor.name for tensor in model.graph.initializer] == ["d.weight"]
    assert {function.name for function in model.functions} == {"Dense", "CubaLIF"}
    (spelled,) = [f.doc_string for f in model.functions if f.name == "CubaLIF"]
    assert "v' =" in spelled
    notes = {e.key: e.value for node in nodes_of(model) for e in node.metadata_props}
    assert notes["neurodeploy.parameters"].endswith("threshold=90, bias=0")
    time, batch, width = model.graph.input[0].type.tensor_type.shape.dim
    assert (time.dim_param, batch.dim_param, width.dim_value) == ("T", "N", 2)


def test_one_step_has_its_states_outside() -> None:
    model = model_of(small(), form="step")
    assert [value.name for value in model.graph.input] == ["in", "n.u", "n.v"]
    assert [value.name for value in model.graph.output] == ["n", "n.u.next", "n.v.next"]


def test_layers_that_compute_alike_share_a_function() -> None:
    weight = weights(4, 4, low=-100, high=100)
    nodes = [Input("in", (4,))]
    for number, source in enumerate(("in", "n0", "n1")):
        nodes.append(Dense(f"d{number}", Edge(source), weight))
        nodes.append(neurons(f"n{number}", f"d{number}"))
    model = model_of(Program(tuple(nodes), "n2"))
    assert sorted(function.name for function in model.functions) == ["CubaLIF", "Dense"]


@pytest.mark.parametrize(
    ("low", "high", "count", "power"),
    [
        (-128, 127, 1, 0),
        (-256, 254, 1, 1),
        (-256, 255, 2, 0),
        (0, 255, 2, 0),
        (-(1 << 20), 1 << 20, 3, 0),
        (-(1 << 40), 1 << 40, 6, 0),
    ],
)
def test_a_weight_is_as_many_bytes_as_it_needs(low: int, high: int, count: int, power: int) -> None:
    weight = weights(3, 5, low=low, high=high)
    if power:
        weight = weight // 2 * 2
    model = model_of(wide(weight))
    tensors = [t for t in model.graph.initializer if t.name.startswith("d.weight")]
    assert len(tensors) == count
    assert {tensor.data_type for tensor in tensors} == {onnx.TensorProto.INT8}
    assert target.read(target.compile(wide(weight))) == wide(weight)


def test_unsigned_bytes_stay_below_128() -> None:
    # Some processors saturate sums of two products of larger ones.
    program = wide(weights(3, 5, low=-128, high=127), signal=Signal.CURRENT)
    model = model_of(program, functions=False)
    casts = [node for node in model.graph.node if node.op_type == "Cast"]
    kinds = {node.output[0]: node.attribute[0].i for node in casts}
    products = [node for node in model.graph.node if node.op_type == "MatMulInteger"]
    assert len(products) == 4
    assert {kinds[node.input[0]] for node in products} == {onnx.TensorProto.INT8}
    spikes = model_of(wide(weights(3, 5, low=-128, high=127)))
    assert spikes.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8


def test_what_no_graph_holds_is_refused_with_its_place() -> None:
    huge = wide(np.full((1, 1 << 18), 127, dtype=np.int64), signal=Signal.CURRENT)
    with pytest.raises(DoesNotFitError) as caught:
        target.compile(huge)
    assert "d: 262144 products of bytes may need more than 32 bits" in str(caught.value)
    two = Program(
        (*small().nodes, Input("more", (2,)), Dense("e", Edge("more"), np.ones((1, 2)))), "n"
    )
    (finding,) = target.check(two)
    assert str(finding).startswith("more: is another input beside in")
    (finding,) = target.check(Program(small().nodes, "d"))
    assert str(finding).startswith("d: is the output, and no layer of neurons")


def test_what_fits_32_bits_is_computed_in_them() -> None:
    # Products of decays and currents have 36 bits, and are put together from smaller ones.
    program = wide(weights(40, 300, low=-128, high=127))
    decaying = neurons("n", "d", current_decay=np.arange(40) * 97, voltage_decay=300)
    program = Program((*program.nodes[:2], decaying), "n")
    casts = [node for node in nodes_of(model_of(program)) if node.op_type == "Cast"]
    assert casts
    assert onnx.TensorProto.INT64 not in {node.attribute[0].i for node in casts}
