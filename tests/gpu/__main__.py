"""`python -m tests.gpu [--full] [pytest's arguments]`: the conformance of kernels on this GPU."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

FILES = ("conformance.py", "cuda.py", "graphs.py", "sizes.py", "steps.py", "quant_exact.py")


def main(arguments: list[str]) -> int:
    """Run the tests, in several processes if pytest-xdist is there; not to run is a failure."""
    if not torch.cuda.is_available():
        sys.stderr.write("tests.gpu did not run: torch sees no CUDA device on this machine\n")
        return 5
    here = Path(__file__).parent
    given = [str(here / name) for name in FILES]
    if find_spec("xdist") is not None:
        # Where pytest-benchmark is installed too, it warns of xdist, and a warning is an error.
        given += ["-n", str(min(14, os.cpu_count() or 1)), "-p", "no:benchmark"]
    return int(pytest.main([*given, *arguments]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
