"""`python -m tests.gpu [--full] [pytest's arguments]`: the conformance of kernels on this GPU."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

FILES = (
    "conformance.py",
    "cuda.py",
    "graphs.py",
    "sizes.py",
    "steps.py",
    "quantized.py",
    "quant_exact.py",
    "host.py",
    "engine.py",
)


def main(arguments: list[str]) -> int:
    """Run the tests, in parallel if pytest-xdist is installed; not to run is a failure."""
    if not torch.cuda.is_available():
        sys.stderr.write("tests.gpu did not run: torch sees no CUDA device on this machine\n")
        return 5
    here = Path(__file__).parent
    options = [str(here / name) for name in FILES]
    if find_spec("xdist") is not None:
        # pytest-benchmark warns about xdist, and a warning is an error.
        options += ["-n", str(min(14, os.cpu_count() or 1)), "-p", "no:benchmark"]
    return int(pytest.main([*options, *arguments]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
