"""Packages that an error tells people to install are on the index under that name."""

import re
import sys
from pathlib import Path

from tests.packaging.index import run, uv
from tests.packaging.tree import PACKAGES, ROOT, files

TOLD = re.compile(r"pip install (?!--)([a-z][\w.-]*)")
TEXTS = [*files(*PACKAGES, suffix=".py"), *files("docs", suffix=".md"), ROOT / "README.md"]
NAMES = sorted({name for path in TEXTS for name in TOLD.findall(path.read_text("utf-8"))})


def test_every_package_is_on_the_index(tmp_path: Path) -> None:
    assert {"h5py", "onnx", "scikit-learn", "ziglang"} <= set(NAMES)
    (tmp_path / "asked.in").write_text("\n".join(NAMES), "utf-8")
    where = ("--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_28")
    run((uv(), "pip", "compile", "-q", "--python", sys.executable, *where, "asked.in"), tmp_path)


def test_no_remedy_names_this_package() -> None:
    # No index has it.
    for path in TEXTS:
        assert "install 'neurodeploy" not in path.read_text("utf-8"), path
        assert "install neurodeploy" not in path.read_text("utf-8"), path
