"""A run over all readers: how many inputs came out how, and every finding so that it repeats."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import mkdtemp

from tests.fuzz.children import outcomes
from tests.fuzz.outcome import RIGHT, Kind, Outcome
from tests.fuzz.readers import READERS

# Inputs that one child reads before the next one is forked.
_BATCH = 250


def run(count: int, first: int, names: Sequence[str] | None, to: Path | None) -> int:
    """Read so many inputs, shared among the readers, and print a table; 1 for a finding."""
    chosen = list(names or READERS)
    each = -(-count // len(chosen))
    findings: list[Outcome] = []
    table: dict[str, Counter[str]] = {}
    slowest: dict[str, Outcome] = {}
    for name in chosen:
        table[name] = Counter()
        for begin in range(first, first + each, _BATCH):
            seeds = range(begin, min(begin + _BATCH, first + each))
            for outcome in outcomes(name, READERS[name], seeds):
                table[name][outcome.kind] += 1
                if outcome.seconds >= slowest.get(name, outcome).seconds:
                    slowest[name] = outcome
                if outcome.kind not in RIGHT:
                    findings.append(outcome)
                    print(f"{outcome.kind}: --repeat {name} {outcome.seed}: {outcome.words}")
        print(_line(name, table[name], slowest[name]), flush=True)
    if to is not None:
        to.write_text(json.dumps(_document(table, slowest, findings), indent=1), "utf-8")
    return int(bool(findings))


def repeated(name: str, seed: int) -> int:
    """Build one input again, print its path, read it and print the outcome."""
    folder = Path(mkdtemp(prefix=f"fuzz-{name}-{seed}-"))
    path = READERS[name].make(folder, Random(f"{name} {seed}"))
    print(path)
    (outcome,) = outcomes(name, READERS[name], [seed])
    print(f"{outcome.kind} in {outcome.seconds} s: {outcome.words}")
    return int(outcome.kind not in RIGHT)


def _line(name: str, counts: Counter[str], slowest: Outcome) -> str:
    shown = ", ".join(f"{counts[kind]:,} {kind}" for kind in Kind if counts[kind])
    last = f"slowest {slowest.seconds:.2f} s (seed {slowest.seed})"
    return f"{name}: {sum(counts.values()):,} inputs: {shown}; {last}"


def _document(
    table: dict[str, Counter[str]], slowest: dict[str, Outcome], findings: list[Outcome]
) -> dict[str, object]:
    return {
        "readers": {name: dict(sorted(counts.items())) for name, counts in table.items()},
        "slowest": {name: outcome.seconds for name, outcome in slowest.items()},
        "findings": [vars(outcome) for outcome in findings],
    }
