"""The pages on quantization: their code runs, and what they say of formats is so."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import torch

import quant

DOCS = Path(__file__).parents[3] / "docs"


def code(page: str) -> list[str]:
    """Return the blocks of Python on a page."""
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)


def run(page: str) -> dict[str, Any]:
    """Return the names that the blocks of a page define, one after another."""
    names: dict[str, Any] = {}
    blocks = code(page)
    assert blocks
    for number, block in enumerate(blocks):
        exec(compile(block, f"{page}, block {number + 1}", "exec"), names)
    return names


def test_the_tutorial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = run("quantization.md")
    said = capsys.readouterr().out
    accuracies = dict(re.findall(r"(floats|fitted|4 bits): ([\d.]+)", said))
    assert len(accuracies) == 3
    assert all(float(value) > 0.9 for value in accuracies.values()), accuracies
    assert "golden = lava" not in said
    assert said.count(": equal") == 3
    proof = names["proof"]
    assert proof.links[-1].status == "not run"
    assert isinstance(names["block"], quant.Block)
    assert (tmp_path / "model.pt").is_file()


def test_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = DOCS.parent / "examples" / "float_to_report.py"
    monkeypatch.setattr("sys.argv", [str(script), str(tmp_path), "none"])
    names = runpy.run_path(str(script), run_name="__main__")
    assert names["report"].links[0].status == "equal"
    assert names["report"].accuracies["quantized"] > 0.8
    assert (tmp_path / "report.html").is_file()


def test_the_page_on_formats() -> None:
    names = run("formats.md")
    assert names["layer"].format.fan_in == 4000
    page = (DOCS / "formats.md").read_text("utf-8")
    for name in ("loihi", "lynxi", "shift16"):
        form = quant.chip_format(name)
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}`"))
        assert f"| {form.weights.minimum}..{form.weights.maximum}" in row
        assert f"| {form.thresholds.minimum}..{form.thresholds.maximum}" in row
        assert all(reset in row for reset in form.resets)
        assert all(kind in row for kind in form.neurons)
        assert f"| {'above' if form.strict else 'at'} |" in row


def test_what_lynxi_adds_up_is_what_float16_holds() -> None:
    form = quant.chip_format("lynxi")
    assert form.fan_in is not None
    largest = form.fan_in + form.system.state("v").limits[1] + form.biases.maximum
    assert largest <= 1 << 11
    every = torch.arange(-(1 << 11), (1 << 11) + 1)
    assert torch.equal(every.to(torch.float16).to(torch.int64), every)
