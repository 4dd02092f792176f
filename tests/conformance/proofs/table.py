"""The table of docs/proofs.md: every neuron and target, proved or not, and in what time.

    python -m tests.conformance.proofs.table

prints its rows; with names of targets it writes their columns.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
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

TARGETS = ("onnx", "c", "rtl", "lynxi", "loihi", "xylo")
TITLES = {
    "onnx": "ONNX",
    "c": "C",
    "rtl": "Verilog",
    "lynxi": "Lynxi",
    "loihi": "Loihi",
    "xylo": "Xylo",
}
EVERYWHERE, REACHED, REFUSED = "all states", "all it can reach", "refused"
# From the weakest on.
_RANKS = ("counterexample", "not proved", REACHED, EVERYWHERE, REFUSED)
PAGE = Path(__file__).parents[3] / "docs/proofs.md"
HEAD = "| neuron | " + " | ".join(TITLES.values()) + " |\n" + "|---" * (len(TITLES) + 1) + "|\n"


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
    return EVERYWHERE if first.domain == EVERY else REACHED


def weakest(outcomes: Sequence[str]) -> str:
    """Return the weakest outcome of a row's neurons; one that is refused does not count."""
    return min(outcomes, key=lambda each: _RANKS.index(each) if each in _RANKS else 0)


def outcomes_of(makes: tuple[Make, ...], target: str, timeout: float = 30.0) -> tuple[str, float]:
    """Return a row's weakest outcome on a target, and the longest time of a neuron in seconds."""
    words, seconds = [], []
    for make in makes:
        with tempfile.TemporaryDirectory() as folder:
            proofs = proofs_of(make, target, Path(folder) / "a", timeout)
        words.append(outcome(proofs))
        if proofs is None:
            continue
        first = next(iter(proofs.values()))
        seconds.append(first.seconds)
        if first.reason:
            sys.stderr.write(f"{target}: {first.reason}\n")
    return weakest(words), max(seconds, default=0.0)


def cell(makes: tuple[Make, ...], target: str) -> str:
    """Return a row's cell of a target, and on the way say why something is not proved."""
    word, seconds = outcomes_of(makes, target)
    return word if word == REFUSED else f"{word}, {seconds:.2f} s"


def replaced(page: str, target: str, cells: Mapping[str, str]) -> str:
    """Return the page of the table with other cells in a target's column."""
    before, head, after = page.partition(HEAD)
    table, gap, rest = after.partition("\n\n")
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()]
    for row in rows:
        row[1 + TARGETS.index(target)] = cells[row[0]]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return before + head + "\n".join(lines) + gap + rest


def main(names: Sequence[str]) -> None:
    """Print every row of the table; or write the columns of the named targets."""
    for target in names:
        cells = {name: cell(makes, target) for name, makes in NEURONS.items()}
        PAGE.write_text(replaced(PAGE.read_text("utf-8"), target, cells), "utf-8")
    if names:
        return
    sys.stdout.write(HEAD)
    for name, makes in NEURONS.items():
        cells = {target: cell(makes, target) for target in TARGETS}
        sys.stdout.write(f"| {name} | {' | '.join(cells.values())} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
