"""Weights with delays of their own read one RAM, each pass at its own slot."""

from __future__ import annotations

import re

import numpy as np

from neurodeploy.program import Dense, Edge, Input, Program
from targets.rtl import target
from tests.unit.programs import neurons


def delayed(*delays: int) -> Program:
    """Return neurons that read their inputs after delays of their own."""
    late = np.array(delays).reshape(2, -1)
    dense = Dense("d", Edge("in"), np.full(late.shape, 70), delays=late)
    return Program((Input("in", (late.shape[1],)), dense, neurons("n", "d")), "n")


def test_all_delays_share_the_ring_of_their_source() -> None:
    for delays in ((0, 1, 2, 3), (5, 0, 5, 9), (0, 1, 2, 3, 4, 5, 6, 7, 8, 62)):
        program = delayed(*delays)
        text = bytes(target.compile(program).files["nd_top.v"]).decode()
        rings = re.findall(r"nd_ram #\((\d+), (\d+), \d+\) r0_(\d+)\(", text)
        words = (max(delays) + 1) * program.input.shape[0]
        assert rings == [("1", str(words), "0")]
        assert target.read(target.compile(program)) == program
