"""`neurodeploy faults` shows the accuracy under each fault."""

import re
from pathlib import Path

from snncore import faults
from tests.unit.neurodeploy.cli.helpers import Caller, refused

WORDS = ("faults", "float.pt", "--samples", "samples.npz")


def test_every_kind_and_strength_is_shown(here: Path, call: Caller) -> None:
    document = call(*WORDS, "--seeds", 2, "--json").document
    assert set(document["faults"]) == set(faults.KINDS)
    assert 0 <= document["healthy"] <= 1
    noise = document["faults"]["noise"]
    assert [each["strength"] for each in noise] == [0.1, 0.2, 0.5, 1.0]
    assert all(len(each["accuracies"]) == 2 for each in noise)
    done = call(*WORDS, "--seeds", 1)
    assert done.code == 0
    assert re.search(r"^dropped spikes +0\.5 +\d+\.\d\d% ", done.out, re.MULTILINE)


def test_bad_usage(here: Path, call: Caller) -> None:
    refused(call(*WORDS, "--seeds", 0), 2, "seeds")
    refused(call("faults", "no.pt", *WORDS[2:]), 2, "no such file")
