"""Rooms that promise to do without torch, NumPy or h5py are imported without them."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.packaging.tree import ROOT

HEAVY = frozenset(
    {"cupy", "h5py", "lava", "numpy", "onnx", "onnxruntime", "scipy", "sklearn", "torch", "triton"}
)
ARRAYS = HEAVY - {"numpy"}
HELP = """
from neurodeploy.cli import main
sys.argv = ["neurodeploy", "--help"]
try:
    main()
except SystemExit as exit:
    assert not exit.code
"""
LEAN = {
    "import neurodeploy": HEAVY,
    "import neurodeploy; assert dir(neurodeploy)": HEAVY,
    "import neurodeploy.cli": HEAVY,
    HELP: HEAVY,
    "import snncore.dynamics": HEAVY,
    "import neurodeploy.errors": HEAVY,
    "import neurodeploy.graph": ARRAYS,
    "import neurodeploy.program": ARRAYS,
    "import neurodeploy.lowering": ARRAYS,
    "import neurodeploy.report": ARRAYS,
    "import neurodeploy.sandbox": ARRAYS,
    "import neurodeploy.simulator": ARRAYS,
    "import neurodeploy.target": ARRAYS,
    "import targets.c": ARRAYS,
    "import targets.loihi": ARRAYS,
    "import targets.lynxi": ARRAYS,
    "import targets.nir": ARRAYS,
    "import targets.onnx": ARRAYS,
    "import targets.rtl": ARRAYS,
    "import targets.xylo": ARRAYS,
    "import quant; assert dir(quant)": HEAVY,
    "from quant import ChipFormat, Decays, Grid, integer_format": HEAVY,
    # A chip is described, and its description loaded by its name, without torch.
    "import targets.loihi.chip.format": ARRAYS,
    "import quant; assert quant.chip_format('loihi').name == 'loihi'": ARRAYS,
    "import quant; assert quant.chip_format('lynxi').name == 'lynxi'": ARRAYS,
    "import quant; assert quant.chip_format('onnx').name == 'int8'": ARRAYS,
}


def _loaded(statement: str, watched: frozenset[str] = HEAVY) -> set[str]:
    """Return the modules of those watched that a new interpreter holds after the statement."""
    code = f"import sys\n{statement}\nprint()\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()) & watched


@pytest.mark.parametrize("statement", LEAN, ids=lambda code: "--help" if code == HELP else code)
def test_lean(statement: str) -> None:
    assert not _loaded(statement) & LEAN[statement]


def test_networks_are_made_without_torchs_compiler() -> None:
    # It takes as long to import as the rest of torch.
    watched = HEAVY | {"torch._dynamo"}
    rooms = "import snncore.layer, snncore.neuron, quant, neurodeploy.frontend.from_torch"
    # The probe sees what is loaded.
    assert _loaded(rooms, watched) == {"numpy", "torch"}
    assert find_spec("torch._dynamo")
