"""The tests of the GPU, as far as a machine without one shows them."""

import re
import subprocess
import sys

import pytest

from tests.gpu.__main__ import FILES
from tests.packaging.tree import ROOT

# Each under the settings of the GPU's tests, where a warning of torch's own import is allowed.
SOURCE = """
import warnings

SAID = "`torch.jit.script_method` is deprecated. Please switch to `torch.compile`."


def warn(said=SAID, kind=DeprecationWarning, module="torch.jit._script"):
    warnings.warn_explicit(said, kind, "x.py", 1, module)


def test_torchs_own():
    warn()


def test_the_same_of_ours():
    warn(module="snncore.kernels")


def test_another_word():
    warn(said="`torch.jit.trace` is deprecated")


def test_another_kind():
    warn(kind=UserWarning)


def test_what_torch_imports_on_cuda_after_each_test():
    import torch._inductor.cudagraph_trees
"""
PASSING = {"test_torchs_own", "test_what_torch_imports_on_cuda_after_each_test"}


def test_one_warning_of_torchs_own_is_no_error(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("suite") / "test_suite.py"
    file.write_text(SOURCE)
    settings = ["-p", "no:cacheprovider", "-p", "tests.gpu.conftest", "-c", "pyproject.toml"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", *settings, str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    verdicts = re.findall(r"^(PASSED|FAILED|ERROR) .*?::(\w+)", done.stdout, re.MULTILINE)
    assert len(verdicts) == SOURCE.count("\ndef test_"), done.stdout + done.stderr
    assert {name for verdict, name in verdicts if verdict == "PASSED"} == PASSING, done.stdout


def test_every_file_of_the_suite_is_run() -> None:
    helpers = {"__init__.py", "__main__.py", "backends.py", "conftest.py"}
    there = {path.name for path in (ROOT / "tests/gpu").glob("*.py")}
    assert set(FILES) == there - helpers
