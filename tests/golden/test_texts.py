"""Printed text equals the reviewed files, and earlier documents can still be read.

Where a change is meant: `python -m tests.golden` writes the files anew, and the difference is what
a reviewer looks at.
"""

import difflib

import numpy as np
import pytest

from neurodeploy import graph, program
from neurodeploy.lowering import lower
from neurodeploy.simulator import simulate
from tests.golden.texts import HERE, TEXTS, network, small_graph, small_program


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_what_was_reviewed(name: str) -> None:
    expected = (HERE / name).read_text("utf-8").splitlines()
    actual = TEXTS[name]().splitlines()
    difference = "\n".join(difflib.unified_diff(expected, actual, "reviewed", "printed", n=1))
    assert not difference, f"{difference}\n\nmeant? python -m tests.golden"


def test_documents_of_before_mean_what_they_meant() -> None:
    saved = program.loads((HERE / "program.json").read_text("utf-8"))
    assert saved == small_program()
    assert lower(graph.loads((HERE / "graph.json").read_text("utf-8"))) == saved
    assert small_graph() == graph.loads((HERE / "graph.json").read_text("utf-8"))
    samples = np.random.default_rng(0).integers(0, 2, (9, 2, 1, 4, 4))
    golden = simulate(saved, samples)
    assert all(golden[name].s.any() for name in golden)
    import torch

    with torch.no_grad():
        assert np.array_equal(network()(torch.from_numpy(samples).float()), golden.output)
