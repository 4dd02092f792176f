"""The table of docs/proofs.md: every neuron and target, proved or not, and in what time.

    python -m tests.conformance.proofs.table

prints its rows.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch

import neurodeploy as nd
import quant
from neurodeploy.errors import NeurodeployError
from neurodeploy.flow import pipeline
from neurodeploy.proof import EVERY, Proofs
from tests.conformance.networks import Case
from tests.conformance.neuron_rows import NEURONS
from tests.conformance.table_rows import Make

TARGETS = ("onnx", "c", "rtl", "lynxi", "loihi")
TITLES = {"onnx": "ONNX", "c": "C", "rtl": "Verilog", "lynxi": "Lynxi", "loihi": "Loihi"}
REFUSED = "refused"


def proofs_of(make: Make, target: str, folder: Path, timeout: float = 30.0) -> Proofs | None:
    """Return the proofs of a network of a row, or None if the target refuses it."""
    torch.manual_seed(0)
    built = make()
    try:
        if isinstance(built, Case):
            artifact = pipeline.compiled(built.program, target=target).write(folder)
        else:
            network, shape = built
            with torch.no_grad():
                for weight in network.parameters():
                    if weight.ndim > 1:
                        weight.abs_().mul_(3)
            x = (torch.rand(8, 3, *shape) < 0.5).float()
            on_grid = any(isinstance(each, quant.ChipNeuron) for each in network.modules())
            chip = "onnx" if target in ("c", "rtl") else target
            prepared = network if on_grid else quant.prepare(network, target=chip, example=x)
            artifact = nd.export(prepared.eval(), target=target, path=folder, example=x)
        proofs: Proofs = nd.prove(artifact, timeout=timeout)
    except (NeurodeployError, ValueError):
        return None
    return proofs


def outcome(proofs: Proofs | None) -> str:
    """Return what is shown of a row's first layer, without the time."""
    if proofs is None:
        return REFUSED
    (first, *_) = proofs.values()
    if first.status != "proved":
        return str(first.status)
    return "all states" if first.domain == EVERY else "all it can reach"


def row(makes: tuple[Make, ...]) -> Mapping[str, str]:
    """Return a row's cells by target."""
    cells = {}
    for target in TARGETS:
        with tempfile.TemporaryDirectory() as folder:
            proofs = proofs_of(makes[0], target, Path(folder) / "a")
        word = outcome(proofs)
        seconds = 0.0 if proofs is None else next(iter(proofs.values())).seconds
        cells[target] = word if proofs is None else f"{word}, {seconds:.2f} s"
    return cells


def main() -> None:
    """Print every row of the table."""
    sys.stdout.write("| neuron | " + " | ".join(TITLES.values()) + " |\n")
    sys.stdout.write("|---|" + "---|" * len(TARGETS) + "\n")
    for name, makes in NEURONS.items():
        sys.stdout.write(f"| {name} | " + " | ".join(row(makes).values()) + " |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
