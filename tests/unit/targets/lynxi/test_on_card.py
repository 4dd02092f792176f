"""The script that is shipped: with a stand-in for Lyngor that runs ONNX files as they are."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import onnxruntime
import pytest

from targets.lynxi import target
from tests.unit.targets.lynxi.programs import image


class Lyngor(ModuleType):
    """The vendor's compiler as its public examples show it, running on this machine."""

    compiled: ClassVar[dict[str, Any]] = {}
    options: ClassVar[dict[str, Any]] = {}
    spoiled: ClassVar[bool] = False

    class DLModel:
        """The loader of a network."""

        def load(self, file: str, model_type: str, inputs_dict: dict[str, Any]) -> None:
            Lyngor.options.update(file=file, model_type=model_type, inputs=inputs_dict)
            self.graph, self.params = file, {}

    class Builder:
        """The compiler; it takes no argument is_map, as some versions do not."""

        def __init__(self, target: str) -> None:
            assert target == "apu"

        def build(self, graph: str, params: object, out_path: str) -> None:
            Lyngor.compiled[str(Path(out_path) / "Net_0")] = graph

    def load(self, path: str, device: int) -> "Lyngor":
        """Return a card that runs what was compiled."""
        self.session = onnxruntime.InferenceSession(
            Lyngor.compiled[path], providers=["CPUExecutionProvider"]
        )
        return self

    def run(self, **inputs: Any) -> list[Any]:
        """Run images, which go in and come out with the channels last."""
        fed = {k: v.transpose(0, 3, 1, 2) if v.ndim == 4 else v for k, v in inputs.items()}
        results = [np.array(each) for each in self.session.run(None, fed)]
        if Lyngor.spoiled:
            results[-1].reshape(-1)[0] += 1
        return [r.transpose(0, 2, 3, 1) if r.ndim == 4 else r for r in results]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the package's own script, and Lyngor beside it."""
    folder = tmp_path / "package"
    target.compile(image(), steps=3).write(folder)
    monkeypatch.setitem(sys.modules, "lyngor", Lyngor("lyngor"))
    spec = importlib.util.spec_from_file_location("package_compile", folder / "compile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("form", ["unrolled", "apart"])
def test_what_a_card_computes_is_compared_layer_by_layer(
    form: str, script: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert script.main(["--form", form, "--run"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert len(lines) == (3 if form == "unrolled" else 7)
    assert all(": 0 of " in line for line in lines), lines
    monkeypatch.setattr(Lyngor, "spoiled", True)
    assert script.main(["--form", form, "--run"]) == 1
    *_, last = capsys.readouterr().out.splitlines()
    # Each golden sample was spoiled once.
    assert ": 2 of " in last


def test_the_compiler_gets_what_it_takes(script: Any, tmp_path: Path) -> None:
    assert script.main(["--form", "step", "--out", str(tmp_path / "out")]) == 0
    assert Lyngor.options["model_type"] == "ONNX"
    assert Lyngor.options["file"].endswith("step.onnx")
    assert Lyngor.options["inputs"]["x"] == (1, 2, 7, 6)
    assert str(tmp_path / "out" / "Net_0") in Lyngor.compiled


def test_without_lyngor_it_says_so(
    script: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "lyngor", None)
    assert script.main([]) == 4
    assert "Lyngor is not installed" in capsys.readouterr().err


def test_a_changed_vector_is_refused(script: Any) -> None:
    path = script.HERE / "golden.bin"
    path.write_bytes(bytes(len(path.read_bytes())))
    with pytest.raises(SystemExit, match="was changed"):
        script.main(["--run"])
