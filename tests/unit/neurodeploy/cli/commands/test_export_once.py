"""A network is traced, lowered, checked and bounded once on its way through `export --verify`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from neurodeploy import lowering
from neurodeploy.frontend import from_torch
from neurodeploy.program.ranges import ranges
from targets.loihi.check import check as check_loihi
from targets.lynxi.check import check as check_lynxi
from targets.onnx.check import check as check_onnx
from tests.unit.neurodeploy.cli.helpers import Caller

CHECKS: dict[str, Any] = {"loihi": check_loihi, "lynxi": check_lynxi, "onnx": check_onnx}


@contextmanager
def counted() -> Iterator[Counter[CodeType]]:
    """Count the calls of every function of Python in a block."""
    calls: Counter[CodeType] = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            calls[frame.f_code] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def code(function: Callable[..., Any]) -> CodeType:
    """Return the code of a function, within what remembers its results."""
    inner: Any = getattr(function, "__wrapped__", function)
    result: CodeType = inner.__code__
    return result


@pytest.mark.parametrize("target", CHECKS)
def test_each_stage_runs_once_for_a_network_and_once_for_its_files(
    target: str, call: Caller, here: Path
) -> None:
    with counted() as calls:
        words = ("--verify", "--samples", "samples.npz", "--simulator", "none")
        done = call("export", "model.pt", "--target", target, "-o", "out", *words)
    assert done.code == 0, done.err
    assert calls[code(from_torch.graph_of)] == 1
    assert calls[code(lowering.lower)] == 1
    assert calls[code(lowering.to_program)] == 1
    # Once for the network, and once for what verify reads from the disk.
    assert 1 <= calls[code(CHECKS[target])] <= 2
    # The fast engine bounds what the samples can reach.
    assert 1 <= calls[code(ranges)] - 1 <= 2
