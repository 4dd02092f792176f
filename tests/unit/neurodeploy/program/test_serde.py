"""Programs and graphs as documents: read back equal, and damage is one kind of error."""

import json
from random import Random
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from neurodeploy import graph, program
from neurodeploy.errors import NeurodeployError, ValidationError
from neurodeploy.frontend import graph_of
from neurodeploy.graph import Graph
from neurodeploy.lowering import lower
from neurodeploy.program import Program
from neurodeploy.simulator import run_golden
from tests.unit.damage import damaged
from tests.unit.networks import random_network
from tests.unit.programs import random_program

DAMAGES = range(400)


def graphs() -> list[Graph]:
    networks = [random_network(seed) for seed in range(8)]
    return [graph_of(network, shape=shape) for network, shape in networks]


PROGRAMS = [random_program(seed) for seed in range(40)]
GRAPHS = graphs()
DOCUMENTS: list[tuple[ModuleType, Any]] = [(program, PROGRAMS), (graph, GRAPHS)]
both = pytest.mark.parametrize(("room", "things"), DOCUMENTS, ids=["programs", "graphs"])


@both
def test_what_is_written_is_read_back_equal(room: ModuleType, things: list[Any]) -> None:
    for thing in things:
        text = room.dumps(thing)
        again = room.loads(text)
        assert again == thing
        assert again.text() == thing.text()
        assert room.dumps(again) == text


def used(thing: Any) -> None:
    """A program that was read can be used."""
    thing.text()
    if isinstance(thing, Program):
        assert thing.sha256
        run_golden(thing, np.zeros((2, 1, *thing.input.shape)))
    else:
        lower(thing)


@both
def test_damaged_documents_are_refused_or_mean_something(
    room: ModuleType, things: list[Any], full: bool
) -> None:
    refused = 0
    damages = DAMAGES if full else DAMAGES[::4]
    for seed in damages:
        random = Random(seed)
        thing = things[seed % len(things)]
        text = json.dumps(damaged(json.loads(room.dumps(thing)), random))
        try:
            loaded = room.loads(text)
            assert room.loads(room.dumps(loaded)) == loaded
            used(loaded)
        except NeurodeployError:
            refused += 1
    assert refused > len(damages) / 2


@both
def test_text_that_is_cut_or_scratched_is_refused(room: ModuleType, things: list[Any]) -> None:
    text = room.dumps(things[0])
    for end in range(0, len(text) - 1, len(text) // 50):
        with pytest.raises(ValidationError, match=r"not a (program|graph)"):
            room.loads(text[:end])
    for old, new in (('"kind": "Input"', '"kind": "eval"'), ('"schema": 1', '"schema": 2')):
        assert old in text
        with pytest.raises(ValidationError, match=r"eval is not one of|of schema 2, not 1"):
            room.loads(text.replace(old, new))
    for text in ("", "[]", "1", "null", "{}", "[" * 100_000, '{"schema": 1, "nodes": 1}'):
        with pytest.raises(ValidationError):
            room.loads(text)


def test_a_graph_is_not_a_program() -> None:
    with pytest.raises(ValidationError):
        program.loads(graph.dumps(GRAPHS[0]))


def test_documents_do_not_depend_on_torch() -> None:
    text = program.dumps(PROGRAMS[0])
    torch.manual_seed(1)
    assert program.dumps(program.loads(text)) == text
