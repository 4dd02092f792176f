"""The page on training and export: its code runs, and Lava gives what was trained."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from neurodeploy.sandbox import Environment

PAGE = Path(__file__).parents[2] / "docs" / "train-and-export.md"


def test_the_page_on_training_and_export(
    lava: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) >= 3
    names: dict[str, Any] = {}
    for number, block in enumerate(blocks):
        exec(compile(block, f"{PAGE.name}, block {number + 1}", "exec"), names)
    assert names["report"].equal
    assert "golden = lava" in [link.name for link in names["report"].links]
    assert float(names["loss"].detach()) < 1.5
    assert (tmp_path / "out" / "network.net").is_file()
