"""All benchmarks of this machine's processor, and one table of ours beside the peers.

Usage: python benchmarks/_table.py [name ...], which `make bench` runs without names. Each benchmark
checks that results are equal before it measures, and ends with an error if they are not; the table
then names it, and the command fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

# The file that the benchmarks of one run append their lines to.
_ROWS = "NEURODEPLOY_BENCHMARK_ROWS"
HERE = Path(__file__).parent
HEAD = ("| benchmark | ours, ms | peer | its ms | ours over it |", "|---|---|---|---|---|")


def compared(what: str, ours: float, peers: Mapping[str, float]) -> None:
    """Add the milliseconds of ours and of the peers, which computed the same, to the table."""
    if (path := os.environ.get(_ROWS)) is not None:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps([what, ours, dict(peers)]) + "\n")


def table(lines: list[str]) -> list[str]:
    """Return the table of the lines that benchmarks wrote, a row for each peer."""
    rows = [*HEAD]
    for what, ours, peers in map(json.loads, lines):
        rows += [
            f"| {what} | {ours:.3g} | {name} | {theirs:.3g} | {ours / theirs:.2g} |"
            for name, theirs in peers.items()
        ]
    return rows


def main(names: list[str]) -> int:
    """Run the benchmarks, print the table, and return 1 if one failed."""
    scripts = sorted(HERE.glob("[!_]*.py"))
    chosen = [script for script in scripts if not names or script.stem in names]
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows"
        path.touch()
        for script in chosen:
            print(f"== {script.name}", flush=True)
            environment = os.environ | {_ROWS: str(path)}
            if subprocess.run([sys.executable, script], env=environment, check=False).returncode:
                failed.append(script.name)
        print("== ours beside the peers", *table(path.read_text("utf-8").splitlines()), sep="\n")
    if failed:
        print(f"== FAILED: {', '.join(failed)}")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
