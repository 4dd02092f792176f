"""Files: floats that mean the program's integers, and the integers beside them."""

import io

import h5py
import numpy as np
import pytest

from neurodeploy.errors import ValidationError
from neurodeploy.program import Conv2d, Edge, Input, Program, Signal
from neurodeploy.simulator import run_golden
from neurodeploy.target import random_samples
from targets.nir import target
from targets.nir.compile import FILE, VECTORS
from targets.nir.file.vectors import SAMPLES
from tests.unit.targets.nir.programs import (
    EXPONENT,
    PROGRAMS,
    WEIGHT,
    cuba,
    dense,
    file_of,
    image,
    neurons,
    recurrent,
    small,
    tree,
)

UNIT = 2.0**EXPONENT
DT = np.float32(1e-4)


def nodes(program: Program) -> dict[str, dict[str, object]]:
    """NIR's nodes by name, each with its values."""
    result: dict[str, dict[str, object]] = {}
    for path, value in tree(file_of(program)).items():
        root, _, rest = path.partition("node/nodes/")
        if not root and rest:
            name, key = rest.split("/")
            result.setdefault(name, {})[key] = value
    return result


def edges(program: Program) -> set[tuple[str, str]]:
    """The edges of the file of a program."""
    return {(a.decode(), b.decode()) for a, b in tree(file_of(program))["node/edges"]}


def test_integrate_and_fire() -> None:
    values = nodes(small(bias=[1, 2, 3], rest=-5))
    assert {name: node["type"] for name, node in values.items()} == {
        "in": b"Input",
        "d": b"Affine",
        "n": b"IF",
        "output": b"Output",
    }
    assert np.array_equal(values["d"]["weight"], WEIGHT * UNIT)
    assert np.array_equal(values["d"]["bias"], np.array([1, 2, 3]) * UNIT)
    assert np.array_equal(values["n"]["r"], np.full(3, 1e4))
    # A voltage counts in quarters of a unit: it is met at 90, or not reached at 89.75.
    assert np.array_equal(values["n"]["v_threshold"], np.full(3, (90 - 0.125) * UNIT))
    assert np.array_equal(values["n"]["v_reset"], np.full(3, -5 * UNIT))
    assert all(value.dtype == np.float32 for key, value in values["n"].items() if key != "type")
    assert edges(small()) == {("in", "d"), ("d", "n"), ("n", "output")}


def test_a_leak_is_a_time_constant() -> None:
    values = nodes(small(decay=4))["n"]
    assert values["type"] == b"LIF"
    assert np.allclose(values["tau"], 4 * DT)
    assert np.array_equal(values["r"], np.full(3, 4))
    assert not np.any(values["v_leak"])


def test_a_current_has_a_time_constant_and_the_bias_is_in_the_leak() -> None:
    values = nodes(cuba())["n"]
    share = np.array([2, 8, 16]) / 16
    assert values["type"] == b"CubaLIF"
    assert np.allclose(values["tau_syn"], 4 * DT)
    assert np.allclose(values["tau_mem"], DT / share)
    assert np.array_equal(values["w_in"], np.full(3, 4))
    assert np.array_equal(values["r"], (1 / share).astype(np.float32))
    assert np.array_equal(values["v_leak"], (6 * UNIT / share).astype(np.float32))
    # Strict: at 90 it does not fire.
    assert np.array_equal(values["v_threshold"], np.full(3, (90 + 0.125) * UNIT))


def test_a_current_that_is_gone_after_a_step_is_none() -> None:
    assert nodes(small(current_decay=16, voltage_decay=4))["n"]["type"] == b"LIF"
    assert nodes(small(current_decay=16, voltage_decay=0))["n"]["type"] == b"IF"


def test_groups_are_zeros_of_one_kernel_and_names_are_plain() -> None:
    values = nodes(image())
    weight = values["c"]["weight"]
    assert isinstance(weight, np.ndarray)
    assert weight.shape == (4, 2, 3, 3)
    assert not weight[:2, 1].any()
    assert not weight[2:, 0].any()
    assert weight[:2, 0].any()
    assert np.array_equal(values["c"]["bias"], np.array([3, -2, 0, 5]) * UNIT)
    assert values["n_0"]["type"] == b"IF"
    assert values["out"]["type"] == b"LI"
    assert values["c"]["groups"] == 1


@pytest.mark.parametrize("kernel", [(1, 3), (5, 1), (3, 5)])
def test_oblong_kernels_are_square_with_zeros(kernel: tuple[int, int]) -> None:
    weight = 1 + np.arange(kernel[0] * kernel[1]).reshape(1, 1, *kernel)
    form = ((1, 1), (1, 0), (2, 1))
    conv = Conv2d("c", Edge("in"), weight, *form, exponent=EXPONENT)
    program = Program((Input("in", (1, 9, 9)), conv, neurons("n", "c")), "n")
    node, side = nodes(program)["c"], max(kernel)
    above, left = (side - kernel[0]) // 2, (side - kernel[1]) // 2
    assert node["weight"].shape == (1, 1, side, side)
    inside = node["weight"][:, :, above : side - above, left : side - left]
    assert np.array_equal(inside, weight * UNIT)
    assert np.count_nonzero(node["weight"]) == weight.size
    assert node["padding"].tolist() == [1 + 2 * above, left]
    assert target.read(target.compile(program)) == program


def test_late_values_are_delays_and_a_loop_is_an_edge() -> None:
    values = nodes(recurrent())
    assert np.allclose(values["in_delay_2"]["delay"], 2e-4)
    assert {("n", "own"), ("own", "n"), ("in_delay_2", "d"), ("in", "in_delay_2")} <= edges(
        recurrent()
    )
    # The recurrent weights may miss their bias in the first step.
    assert not np.any(values["own"]["bias"])
    assert np.array_equal(values["d"]["bias"], np.full(3, 4 * UNIT))


def test_values_without_weights_count_in_the_neurons_unit() -> None:
    program = Program((Input("in", (3,), Signal.CURRENT), neurons("n", "in")), "n")
    assert np.array_equal(nodes(program)["n"]["r"], np.full(3, 1e4 * UNIT))


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_integers_stand_in_the_metadata(name: str) -> None:
    program = PROGRAMS[name]()
    values = tree(file_of(program))
    group = "node/metadata/neurodeploy"
    assert values[f"{group}/schema"] == b"1"
    assert values[f"{group}/dt"] == 1e-4
    assert values[f"{group}/program_sha256"].decode() == program.sha256
    assert b"v_reset" in values[f"{group}/conventions/reset"]
    for number, node in enumerate(program.nodes):
        if node in program.synapses:
            weight = values[f"{group}/integers/{number}.weight"]
            assert weight.dtype == np.asarray(node.narrow_weight).dtype
            assert np.array_equal(weight, node.narrow_weight)


def test_the_step_is_an_option() -> None:
    artifact = target.compile(small(decay=4), dt="0.001")
    assert artifact.options == {"dt": "0.001"}
    assert artifact.contract["dt"] == 0.001
    values = tree(artifact.files[FILE])
    assert np.allclose(values["node/nodes/n/tau"], 4e-3)
    assert target.read(artifact) == small(decay=4)


@pytest.mark.parametrize("dt", ["0", "-1", "nan", "inf", "soon", ""])
def test_a_step_takes_time(dt: str) -> None:
    with pytest.raises(ValidationError, match=r"option dt: .* is not the seconds of a step"):
        target.compile(small(), dt=dt)


def test_golden_vectors_are_nirs_data() -> None:
    program = image()
    content = target.compile(program).files[VECTORS]
    trace = run_golden(program, random_samples(program, *SAMPLES))
    with h5py.File(io.BytesIO(content), "r") as file:
        assert file.attrs["__type__"] == "NIRGraphData"
        assert [*file["nodes"]] == ["in", "n_0", "out"]
        spikes = file["nodes/n_0/observables/spikes"]
        assert (spikes.attrs["__type__"], spikes.attrs["dt"]) == ("TimeGriddedData", 1e-4)
        data = spikes["data"][()]
        shown = file["nodes/out/observables/values/data"][()]
    steps, samples = SAMPLES[:2]
    assert data.shape == (samples, steps, 36)
    assert data.any()
    expected = trace["n.0"].values["s"].reshape(steps, samples, 36)
    assert np.array_equal(data, np.moveaxis(expected, 0, 1))
    assert np.array_equal(shown, np.moveaxis(trace.output, 0, 1))


def test_one_edge_for_each_delay() -> None:
    weights = dense("d", "in", delays=np.array([[0, 1], [1, 0], [0, 0]]))
    program = Program((Input("in", (2,)), weights, neurons("n", "d")), "n")
    values = nodes(program)
    whole = values["d"]["weight"] + values["d_1"]["weight"]
    assert np.array_equal(whole, WEIGHT * UNIT)
    assert {("in", "d"), ("in_delay_1", "d_1"), ("d", "n"), ("d_1", "n")} <= edges(program)


def test_a_large_network_has_few_golden_vectors_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    few, none = image(), image()
    products = 1 + sum(
        int(node.fan_out(few.shapes[node.source.source]).sum()) for node in few.synapses
    )
    monkeypatch.setattr("neurodeploy.target.source.vectors._PRODUCTS", 3 * products)
    artifact = target.compile(few)
    assert artifact.contract["vectors"]["steps"] == 3
    with h5py.File(io.BytesIO(artifact.files[VECTORS]), "r") as file:
        assert file["nodes/n_0/observables/spikes/data"].shape[1] == 3
    monkeypatch.setattr("neurodeploy.target.source.vectors._PRODUCTS", products - 1)
    artifact = target.compile(none)
    assert artifact.contract["vectors"] is None
    assert [*artifact.files] == ["network.nir"]
    assert target.compile(target.read(artifact)).files == artifact.files
