"""The mutation harness: no change of an artifact passes as equal, with new hashes or old ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from neurodeploy.artifact import MANIFEST
from tests.conformance.mutation.judge import edits_of, judged, means_nothing
from tests.conformance.mutation.subjects import SUBJECTS
from tests.conformance.summary import show

# `make test` tries this many changes of the manifest, and of every other file.
_OF_MANIFEST, _OF_FILE = 12, 6


def _is_read(subject: str, file: str) -> bool:
    """Return whether a target's reader takes the network from this file."""
    of_lynxi = file in (MANIFEST, "network.json", "weights.bin")
    return of_lynxi or not subject.startswith("lynxi")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", SUBJECTS)
def test_no_change_is_taken_for_equal(
    name: str, tmp_path: Path, full: bool, request: pytest.FixtureRequest
) -> None:
    subject, rng = SUBJECTS[name](), Random(11)
    counts: Counter[str] = Counter()
    missed = []
    for file, edits in edits_of(subject, rng).items():
        count = _OF_MANIFEST if file == MANIFEST else _OF_FILE
        some = edits if full else rng.sample(edits, min(len(edits), count))
        for edit in some:
            wholes = (False, True) if _is_read(name, file) else (False,)
            for whole in wholes if full else (rng.choice(wholes),):
                outcome = judged(subject, file, edit, tmp_path / "out", whole=whole)
                counts[outcome] += 1
                if outcome == "equal" and not means_nothing(file, edit):
                    missed.append(f"{file}: {edit.label}{' (whole)' if whole else ''}")
    summary = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(counts.items()))
    show(request.config, f"changes of {name}", summary)
    assert not missed, missed[:20]
    assert counts["found"] > 5
