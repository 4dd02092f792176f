"""The reduced modules in every form: torch, TorchScript and ONNX compute the golden trace."""

import io
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

import neurodeploy as nd
import quant
from neurodeploy.data.content import Content
from neurodeploy.errors import DoesNotFitError, ValidationError
from neurodeploy.program import Edge, Program
from neurodeploy.simulator import run_golden
from neurodeploy.trace import Trace
from snncore import layer
from snncore.dynamics.zoo.spiking import Reset
from targets.lynxi import reduce
from targets.lynxi.reduced.plan import plan_of
from targets.lynxi.vendor.modules import OneStep, Unrolled
from targets.lynxi.vendor.onnx_file import step_onnx, unrolled_onnx
from targets.lynxi.vendor.torchscript import step_script, unrolled_script
from tests.unit.targets.lynxi.programs import driven, image, spikes

STEPS = 5
PROGRAMS = {
    "L0, hard": image(Reset.HARD),
    "L0, soft": image(Reset.SOFT),
    "L1, hard": image(Reset.HARD, 9),
    "L1, soft": image(Reset.SOFT, 9),
    "currents": driven(leak=64),
}
# What compiled in public models: convolution, product, pool, sums, comparison, casts, shapes.
SEEN_IN_TORCH = {
    *("conv2d", "linear", "max_pool2d", "flatten", "split", "cat"),
    *("add", "sub", "rsub", "mul", "ge", "to"),
}
SEEN_IN_ONNX = {
    *("Conv", "Gemm", "MaxPool", "Flatten", "Split", "Concat", "Identity"),
    *("Add", "Sub", "Mul", "GreaterOrEqual", "Cast"),
}
Run = Callable[..., list[NDArray[Any]]]


def script(content: bytes) -> Run:
    """Return a TorchScript archive as torch runs it."""
    module = _loaded(content)

    def run(*inputs: NDArray[Any]) -> list[NDArray[Any]]:
        results = module(*(torch.from_numpy(each) for each in inputs))
        return [r.numpy() for r in (results if isinstance(results, tuple) else (results,))]

    return run


def _loaded(content: bytes) -> Any:
    with warnings.catch_warnings():
        # The vendor's tool reads TorchScript, whatever torch recommends.
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.load(io.BytesIO(content))


def session(content: bytes) -> Run:
    """Return an ONNX file as onnxruntime runs it."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    opened = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [each.name for each in opened.get_inputs()]

    def run(*inputs: NDArray[Any]) -> list[NDArray[Any]]:
        results: list[NDArray[Any]] = opened.run(None, dict(zip(names, inputs, strict=True)))
        return results

    return run


FORMS: dict[str, tuple[Callable[..., Content], Callable[..., Content], Callable[[bytes], Run]]] = {
    "TorchScript": (unrolled_script, step_script, script),
    "ONNX": (unrolled_onnx, step_onnx, session),
}


def golden_of(program: Program) -> tuple[NDArray[Any], Trace]:
    samples = spikes(program, STEPS)
    golden = run_golden(program, samples)
    assert all(golden[name].s.any() for name in golden)
    return samples, golden


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_unrolled_files(name: str, form: str) -> None:
    program, (write, _, load) = PROGRAMS[name], FORMS[form]
    samples, golden = golden_of(program)
    run = load(bytes(write(plan_of(program), STEPS)))
    for sample in range(samples.shape[1]):
        results = run(samples[:, sample].astype(np.float16))
        for layer_name, result in zip(golden, results, strict=True):
            assert result.dtype == np.float16
            assert (result == golden[layer_name].s[:, sample]).all(), layer_name


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_step_files(name: str, form: str) -> None:
    program, (_, write, load) = PROGRAMS[name], FORMS[form]
    samples, golden = golden_of(program)
    plan = plan_of(program)
    run = load(bytes(write(plan)))
    for sample in range(samples.shape[1]):
        states = [state.numpy() for state in OneStep(plan).at_rest(1)]
        for step in range(STEPS):
            row = samples[step, sample : sample + 1].astype(np.float16)
            results = run(row, *states)
            count = len(plan.layers)
            states = results[count:]
            for layer_name, result, v in zip(golden, results[:count], states, strict=True):
                assert (result[0] == golden[layer_name].s[step, sample]).all(), layer_name
                assert (v[0] == golden[layer_name].v[step, sample]).all(), layer_name


@pytest.mark.parametrize("name", PROGRAMS)
def test_modules(name: str) -> None:
    program = PROGRAMS[name]
    samples, golden = golden_of(program)
    count = samples.shape[1]
    rows = torch.from_numpy(samples.reshape(-1, *samples.shape[2:])).half()
    result = reduce(program, STEPS)(rows)
    assert (result.reshape(golden.output.shape).numpy() == golden.output).all()
    step: Any = reduce(program, STEPS, form="step")
    states = step.at_rest(count)
    for number in range(STEPS):
        fired, *states = step(rows[number * count : (number + 1) * count], *states)
        assert (fired.numpy() == golden.output[number]).all()
    assert len(step.state_names) == len(states)


@pytest.mark.parametrize("name", PROGRAMS)
def test_only_what_was_seen_to_compile_and_no_tensor_above_rank_4(name: str) -> None:
    plan = plan_of(PROGRAMS[name])
    for content in map(bytes, (unrolled_script(plan, STEPS), step_script(plan))):
        graph = _loaded(content).inlined_graph
        kinds = {node.kind() for node in graph.nodes()}
        words = {kind.removeprefix("aten::") for kind in kinds if kind.startswith("aten::")}
        assert words
        assert words <= SEEN_IN_TORCH
        assert {kind for kind in kinds if not kind.startswith("aten::")} <= {
            *("prim::Constant", "prim::GetAttr", "prim::ListConstruct", "prim::ListUnpack"),
            *("prim::TupleConstruct", "prim::TupleUnpack"),
        }
    for content in map(bytes, (unrolled_onnx(plan, STEPS), step_onnx(plan))):
        model = onnx.shape_inference.infer_shapes(onnx.load_from_string(content))
        onnx.checker.check_model(model, full_check=True)
        assert {node.op_type for node in model.graph.node} <= SEEN_IN_ONNX
        assert all(len(v.type.tensor_type.shape.dim) <= 4 for v in model.graph.value_info)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_constant_is_a_float16(name: str) -> None:
    plan = plan_of(PROGRAMS[name])
    model = onnx.load_from_string(bytes(unrolled_onnx(plan, STEPS)))
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor).astype(np.float64)
        assert (values.astype(np.float16) == values).all(), tensor.name
    for value in Unrolled(plan, STEPS).buffers():
        assert value.dtype == torch.float16
    graph = _loaded(bytes(unrolled_script(plan, STEPS))).inlined_graph
    constants = [node.output().toIValue() for node in graph.findAllNodes("prim::Constant")]
    numbers = [value for value in constants if isinstance(value, float)]
    assert numbers
    assert all(float(np.float16(value)) == value for value in numbers)


def test_float16_alone_where_all_is_exact_in_it() -> None:
    model = onnx.load_from_string(bytes(unrolled_onnx(plan_of(PROGRAMS["L0, hard"]), STEPS)))
    casts = [node for node in model.graph.node if node.op_type == "Cast"]
    assert casts
    assert {node.attribute[0].i for node in casts} == {onnx.TensorProto.FLOAT16}


def flipped(content: bytes, weight: NDArray[Any]) -> bytes:
    """Return the bytes with the sign of a tensor's first number turned."""
    changed = bytearray(content)
    changed[content.index(weight.astype(np.float16).tobytes()) + 1] ^= 0x80
    return bytes(changed)


def flipped_archive(content: bytes, weight: NDArray[Any]) -> bytes:
    """Return the same within an archive, whose checksums hold."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            record = old.read(name)
            within = weight.astype(np.float16).tobytes() in record
            new.writestr(name, flipped(record, weight) if within else record)
    return file.getvalue()


@pytest.mark.parametrize("form", FORMS)
def test_a_flipped_weight_shows(form: str) -> None:
    program, (write, _, load) = PROGRAMS["L0, hard"], FORMS[form]
    samples, golden = golden_of(program)
    weight = program.synapses[0].weight
    flip = flipped if form == "ONNX" else flipped_archive
    run = load(flip(bytes(write(plan_of(program), STEPS)), weight))
    results = [run(samples[:, n].astype(np.float16))[0] for n in range(samples.shape[1])]
    first = next(iter(golden))
    assert not (np.stack(results, axis=1) == golden[first].s).all()


def test_a_torch_network_is_reduced() -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        quant.Block(quant.Conv2d(1, 3, 3, format="lynxi"), quant.LIF(0.1, format="lynxi")),
        layer.Flatten(),
        quant.Block(quant.Linear(48, 4, format="lynxi"), quant.IF(0.1, format="lynxi")),
    )
    x = (torch.rand(STEPS, 2, 1, 6, 6) < 0.7).float()
    expected = network(x)
    result = reduce(network, STEPS)(x.reshape(-1, 1, 6, 6).half())
    assert expected.any()
    assert (result.reshape(expected.shape) == expected).all()
    assert result.dtype == torch.float16
    assert nd.lower(network, example=x).input.shape == (1, 6, 6)


def test_what_cannot_be_reduced_is_refused() -> None:
    with pytest.raises(ValidationError, match="T: 0"):
        reduce(PROGRAMS["currents"], 0)
    with pytest.raises(ValidationError, match="'scan'"):
        reduce(PROGRAMS["currents"], 1, form="scan")
    first, neuron = PROGRAMS["currents"].nodes
    late = replace(neuron, inputs=(Edge("in", 1),))
    with pytest.raises(DoesNotFitError, match="reads in 1 steps late"):
        reduce(Program((first, late), "n"), 1)
    with pytest.raises(ValueError, match="7 rows"):
        reduce(PROGRAMS["currents"], 2)(torch.zeros(7, 3, dtype=torch.float16))
