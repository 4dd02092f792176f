"""The .pt and .onnx files run as they are: TorchScript in a process of its own, within limits."""

import importlib.util
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from neurodeploy.artifact import Artifact
from neurodeploy.errors import (
    ArtifactError,
    SamplesError,
    SimulatorError,
    SimulatorMissingError,
    SimulatorScopeError,
)
from neurodeploy.program import Program
from neurodeploy.report import Status
from neurodeploy.sandbox import Limits
from neurodeploy.simulator import run_golden
from neurodeploy.target import Simulation
from neurodeploy.verification.compare import compare
from snncore.dynamics.zoo.spiking import Reset
from targets.lynxi import target
from targets.lynxi.reduced.plan import plan_of
from targets.lynxi.reduced.ports import reduced_forms
from targets.lynxi.simulators.vendor_files import (
    VENDOR_FILES,
    FileRun,
    driven_by_samples,
    run_files,
)
from tests.unit.targets.lynxi import vendor
from tests.unit.targets.lynxi.programs import dense, driven, image, spikes

STEPS = 5
PROGRAMS = {
    "image, hard": image(Reset.HARD),
    "image, soft": image(Reset.SOFT),
    "large weights, hard": image(Reset.HARD, 9),
    "large weights, soft": image(Reset.SOFT, 9),
    "currents": driven(leak=16),
    "rest": dense(rest=-40, threshold=70),
}
UNROLLED, STEP = VENDOR_FILES["torchscript-unrolled"], VENDOR_FILES["torchscript-step"]
PACKAGE = target.compile(dense(), steps=STEPS)


@pytest.fixture(scope="module")
def worker() -> Iterator[ModuleType]:
    """Yield the worker's script, here; what it loads is this test's own."""
    path = Path(sys.modules["targets.lynxi.simulators.vendor_files"].__file__ or "").with_name(
        "worker.py"
    )
    spec = importlib.util.spec_from_file_location("lynxi_worker", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    threads = torch.get_num_threads()
    yield module
    torch.set_num_threads(threads)


def run_of(program: Program, artifact: Artifact, file: Any, samples: Any) -> FileRun:
    return driven_by_samples(file, artifact, plan_of(program), STEPS, samples)


def with_file(name: str, content: bytes) -> Artifact:
    return replace(PACKAGE, files={**PACKAGE.files, name: content})


def test_torchscript_equals_golden_in_every_spike_and_state() -> None:
    runs, expected = [], []
    for program in PROGRAMS.values():
        samples = spikes(program, STEPS)
        golden = run_golden(program, samples)
        assert all(golden[layer].s.any() for layer in golden)
        artifact = target.compile(program, steps=STEPS)
        for file in (UNROLLED, STEP):
            runs.append(run_of(program, artifact, file, samples))
            expected.append(golden)
    traces = run_files(runs, Simulation())
    for run, golden, trace in zip(runs, expected, traces, strict=True):
        link = compare(run.vendor_file.simulator, golden, trace, 0.0)
        assert link.status == Status.EQUAL, link.divergence or link.reason
        shown = {"s"} if run.vendor_file is UNROLLED else {"s", "v"}
        assert all(set(trace[layer].values) == shown for layer in golden)


def test_a_negated_weight_is_named_by_layer_neuron_and_step() -> None:
    program, samples = dense(), spikes(dense(), STEPS)
    golden = run_golden(program, samples)
    content = vendor.negated(PACKAGE.files["step.pt"], program, "d", (1, 2))
    expected = run_golden(with_weight(program, (1, 2)), samples)
    trace = target.simulate(with_file("step.pt", content), samples, simulator="torchscript-step")
    link = compare("torchscript-step", golden, trace, 0.0)
    assert link.status == Status.DIFFERS
    assert link.divergence == compare("", golden, expected, 0.0).divergence
    assert link.divergence is not None
    assert (link.divergence.layer, link.divergence.neuron) == ("n", (1,))


def with_weight(program: Program, index: tuple[int, ...]) -> Program:
    """Return the program with one weight of its only layer negated."""
    weight = program.synapses[0].weight.copy()
    weight[index] *= -1
    nodes = tuple(
        replace(node, weight=weight) if node is program.synapses[0] else node
        for node in program.nodes
    )
    return Program(nodes, program.output)


class Forever(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        while True:
            x = x + 1
        return x


class Writing(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + torch.from_file("spikes.bin", True, 3)


class Other(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1


class Double(torch.nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x


def loud(code: str) -> str:
    """Return the code of one step, which says what a worker's result is."""
    begin = code.index("\n", code.index("  def forward")) + 1
    return f'{code[:begin]}    print("result.json")\n{code[begin:]}'


HOSTILE = {
    "a loop": (vendor.scripted(Forever()), "prim::Loop"),
    "words on stdout": (vendor.with_code(PACKAGE.files["step.pt"], loud), "prim::Print"),
    "a file that is written": (vendor.scripted(Writing()), "aten::from_file"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_code_beyond_a_reduced_modules_words_is_not_run(worker: ModuleType, case: str) -> None:
    content, word = HOSTILE[case]
    with pytest.raises(worker.NetworkError, match=f"holds the operation {word}"):
        loaded(worker, content)


def loaded(worker: ModuleType, content: bytes) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return worker._torchscript(content, {})


def test_code_that_would_run_while_it_is_loaded_is_refused(worker: ModuleType) -> None:
    method = "  def __setstate__(self, state: Tensor) -> NoneType:\n    return None\n"
    content = vendor.with_code(PACKAGE.files["step.pt"], lambda code: code + method)
    with pytest.raises(worker.NetworkError, match="has a method __setstate__"):
        loaded(worker, content)


def test_every_word_of_ours_is_run(worker: ModuleType) -> None:
    for program in PROGRAMS.values():
        files = target.compile(program, steps=2).files
        for name in ("unrolled.pt", "step.pt"):
            loaded(worker, files[name])


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (Other(), r"output n is float16 \[5, 3\], and the package lists float16 \[5, 2\]"),
        (Double(), "gives 2 outputs, and the package lists 1"),
    ],
)
def test_other_outputs_than_the_package_lists(
    worker: ModuleType, module: torch.nn.Module, words: str
) -> None:
    run = loaded(worker, vendor.scripted(module))
    form = reduced_forms(plan_of(dense()), STEPS)["unrolled"]
    samples = np.ones((1, 1, STEPS, 3), np.float16)
    with pytest.raises(worker.NetworkError, match=words):
        worker._called(run, {**form, "states": {}}, {"x": samples})


def test_garbage_is_one_error_that_names_the_file() -> None:
    artifact = with_file("unrolled.pt", b"garbage")
    with pytest.raises(SimulatorError, match=r"unrolled\.pt: torch: ") as caught:
        target.simulate(artifact, spikes(dense(), STEPS), simulator="torchscript-unrolled")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK\3\4", PACKAGE.files["step.pt"][:-30], b"\0" * 999])
def test_what_is_no_archive_is_refused(worker: ModuleType, content: bytes) -> None:
    with pytest.raises(RuntimeError):
        loaded(worker, content)


def doubling(levels: int, last: str, step: str) -> bytes:
    """Return a file whose every method calls the next one twice."""
    form = "  def f{0}(self: __torch__.Reduced, x: Tensor) -> Tensor:\n{1}"
    call = "    _0 = (self).f{0}(x, )\n    _1 = (self).f{0}({1}, )\n    return _1\n"
    methods = [form.format(n, call.format(n + 1, "_0")) for n in range(levels)]
    methods.append(form.format(levels, last))
    parameters = "self: __torch__.Reduced, x: Tensor, n_v: Tensor"
    forward = (
        f"  def forward({parameters}) -> Tuple[Tensor, Tensor]:\n    _0 = (self).f0(x, )\n{step}"
    )

    def change(code: str) -> str:
        return code[: code.index("  def ")] + forward + "".join(methods)

    return vendor.with_code(PACKAGE.files["step.pt"], change)


def test_a_file_without_end_is_ended_by_the_limit() -> None:
    content = doubling(60, "    return torch.add(x, x)\n", "    return (_0, n_v)\n")
    said: list[str] = []
    simulation = Simulation(Limits(seconds=8, memory_mb=2000), progress=said.append)
    with pytest.raises(SimulatorError, match=r"step\.pt in torch: .*limit|step\.pt: .*alloc"):
        target.simulate(
            with_file("step.pt", content),
            spikes(dense(), STEPS),
            simulator="torchscript-step",
            simulation=simulation,
        )
    assert said == ["step.pt (1 of 1)"]


def test_a_file_that_eats_memory_is_ended_by_the_limit() -> None:
    last = "    _0 = torch.cat([x, x])\n    _1 = torch.cat([_0, _0])\n    return _1\n"
    content = doubling(5, last, "    return (_0, n_v)\n")
    with pytest.raises(SimulatorError, match=r"step\.pt: .*memory|memory limit"):
        target.simulate(
            with_file("step.pt", content),
            spikes(dense(), STEPS),
            simulator="torchscript-step",
            simulation=Simulation(Limits(seconds=100, memory_mb=2000)),
        )


def test_a_missing_file_is_named() -> None:
    files = {name: content for name, content in PACKAGE.files.items() if name != "step.pt"}
    with pytest.raises(ArtifactError, match=r"has no step\.pt"):
        target.simulate(
            replace(PACKAGE, files=files), spikes(dense(), 1), simulator="torchscript-step"
        )


def test_an_unrolled_file_takes_its_steps_and_no_others() -> None:
    with pytest.raises(SamplesError, match=r"samples have 4 steps, and unrolled\.pt has 5"):
        target.simulate(PACKAGE, spikes(dense(), 4), simulator="torchscript-unrolled")


def test_layers_apart_take_no_samples() -> None:
    with pytest.raises(SimulatorScopeError, match="holds every layer alone"):
        target.simulate(PACKAGE, spikes(dense(), STEPS), simulator="onnx-apart")


def test_currents_beyond_float16_are_refused() -> None:
    artifact, samples = target.compile(driven(), steps=2), np.full((2, 1, 3), 2049)
    for simulator in ("torchscript-step", "onnx-step"):
        with pytest.raises(SamplesError, match="take -2048 to 2048"):
            target.simulate(artifact, samples, simulator=simulator)


def test_onnxruntime_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(tmp_path))
    with pytest.raises(SimulatorMissingError) as caught:
        target.simulate(PACKAGE, spikes(dense(), STEPS), simulator="onnx-step")
    assert caught.value.remedy == "neurodeploy simulators install onnxruntime"
    assert target.default_simulators == (
        *("interpreter", "float16", "torchscript-unrolled", "torchscript-step"),
    )


def test_every_file_of_every_form_has_its_simulator() -> None:
    forms = plan_forms()
    assert {(file.file, file.form) for file in VENDOR_FILES.values()} == forms
    assert {*VENDOR_FILES, "interpreter", "float16"} == set(target.simulators)


def plan_forms() -> set[tuple[str, str]]:
    forms = reduced_forms(plan_of(dense()), STEPS)
    return {(file, form) for form in ("unrolled", "step", "apart") for file in forms[form]["files"]}
