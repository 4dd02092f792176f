"""Rings of slots: how late the value is that a file reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.program import Dense, Edge, Input, Program
from neurodeploy.target.steps import LateRead
from targets.c.target import target as c
from targets.rtl import target as rtl
from tests.unit.programs import neurons


def ring(count: int, added: int, delay: int) -> LateRead:
    """Return a ring that is read so many slots ahead."""
    slots = range(count)
    following = tuple((each + 1) % count for each in slots)
    read = tuple((each + added) % count for each in slots)
    return LateRead("n", "in", delay, following, tuple(slots), read)


@pytest.mark.parametrize("count", [2, 3, 7])
def test_a_ring_delays_by_what_is_left_of_a_turn(count: int) -> None:
    for added in range(1, count):
        assert ring(count, added, 1).delays == {count - added}
    assert ring(count, count - 1, 1).right
    assert ring(count, 0, 0).delays == {0}


def test_a_ring_that_jumps_has_several_delays() -> None:
    jumping = LateRead("n", "in", 1, (1, 2, 0), (0, 1, 2), (2, 0, 0))
    assert jumping.delays == {1, 2}
    assert not jumping.right
    assert "expected the value of in 1 steps late, got it 1, 2 steps late" in jumping.sentence()


def test_without_a_ring_nothing_is_right() -> None:
    assert not LateRead("n", "in", 1).right
    assert not LateRead("n", "in", 1, (1, 5), (0, 1), (1, 0)).right
    assert "no number of steps" in LateRead("n", "in", 1).sentence()


def programs() -> Iterator[Program]:
    """Yield one delay for all weights, and one for each."""
    weight = np.full((2, 3), 70)
    for delays in (None, np.array([[0, 2, 5], [1, 1, 4]])):
        dense = Dense("d", Edge("in", 2), weight, delays=delays)
        yield Program((Input("in", (3,)), dense, neurons("n", "d")), "n")


def edited(artifact: Artifact, name: str, wrong: str) -> Artifact:
    """Return an artifact with another text."""
    assert wrong.encode() != bytes(artifact.files[name])
    return replace(artifact, files={**artifact.files, name: wrong.encode()})


def require_noticed(target: Any, artifact: Artifact, name: str, edits: Mapping[str, str]) -> None:
    """Check that every edit of a ring delays some value by another number of steps."""
    assert target.steps(artifact).late
    assert all(each.right for each in target.steps(artifact).late)
    text = bytes(artifact.files[name]).decode()
    for pattern, words in edits.items():
        wrong = edited(artifact, name, re.sub(pattern, words, text))
        assert not all(each.right for each in target.steps(wrong).late), pattern


@pytest.mark.parametrize("form", ["event", "dense"])
def test_an_edited_ring_of_c_is_noticed(form: str) -> None:
    edits = {
        r"\(n->r0 \+ 1\)": "(n->r0 + 2)",
        r"r0 == (\d+) \? 0": "r0 == 4 ? 0",
        r"= network->r0 (.*) \+ 1;": r"= network->r0 \1 + 2;",
        r"= n->n0_s \+ n->r0": "= n->n0_s + 0",
    }
    for program in programs():
        require_noticed(c, c.compile(program, form=form), "network.c", edits)


def test_an_edited_ring_of_verilog_is_noticed() -> None:
    once, each = map(rtl.compile, programs())
    edits = {
        r"r0_base == (\d+) \? 0 :": "r0_base == 3 ? 0 :",
        r"r0_base \+ 3;": "r0_base + 6;",
        r"init \? clear : (.*) r0_base \+ in_addr": r"init ? clear : \1 in_addr",
    }
    around = {
        r"r0_base >= 6 \? r0_base - 6 : r0_base \+ 3": "r0_base >= 3 ? r0_base - 3 : r0_base + 6"
    }
    require_noticed(rtl, once, "nd_top.v", edits | around)
    turns = {r"s1_turn == 1 \? 9": "s1_turn == 1 ? 6", r"r0_base \+ 24 - ": "r0_base + 21 - "}
    require_noticed(rtl, each, "nd_top.v", edits | turns)
