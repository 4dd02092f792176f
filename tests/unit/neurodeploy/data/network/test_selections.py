"""Selections: each moves values as torch does, in every language, and refuses what does not fit."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from neurodeploy import graph as g
from neurodeploy import program as p
from neurodeploy.data.network.selections import Selection
from neurodeploy.data.structure import Edge, Shape
from neurodeploy.errors import ValidationError
from neurodeploy.lowering.moving import twin
from neurodeploy.program.kinds import SELECTIONS
from neurodeploy.simulator.moving import TorchWords
from tests.unit.programs import neurons

EDGE = Edge("in")
Torch = Callable[[torch.Tensor], torch.Tensor]
# A selection of values (2, 4, 3), and the same in torch behind time and batch.
SAME: dict[str, tuple[p.Selection, Torch]] = {
    "flatten": (p.Flatten("x", EDGE), lambda x: x.flatten(2)),
    "reshape": (p.Reshape("x", EDGE, (6, 4)), lambda x: x.reshape(*x.shape[:2], 6, 4)),
    "permute": (p.Permute("x", EDGE, (2, 0, 1)), lambda x: x.permute(0, 1, 4, 2, 3)),
    "slice": (p.Slice("x", EDGE, 1, 1, 4, 2), lambda x: x[:, :, :, 1:4:2]),
    "concat": (p.Concat("x", (EDGE, EDGE), 1), lambda x: torch.cat((x, x), 3)),
    "upsample": (
        p.Upsample("x", EDGE, (1, 2, 3)),
        lambda x: x.repeat_interleave(2, 3).repeat_interleave(3, 4),
    ),
}


def values() -> torch.Tensor:
    return torch.arange(2 * 3 * 24).reshape(2, 3, 2, 4, 3)


def selected(node: Selection, x: torch.Tensor) -> np.ndarray:
    rows = [x.flatten(0, 1).numpy()] * len(node.sources)
    return node.select(*rows).reshape(*x.shape[:2], *shape_of(node))


def shape_of(node: Selection) -> Shape:
    return node.output_shape([(2, 4, 3)] * len(node.sources))


@pytest.mark.parametrize("name", SAME)
def test_it_moves_values_as_torch_does(name: str) -> None:
    node, same = SAME[name]
    x = values()
    assert (selected(node, x) == same(x).numpy()).all()
    spelled = node.spelled(TorchWords(2), [x] * len(node.sources), shape_of(node))
    assert (spelled == same(x)).all()


def test_zeros_follow_every_value() -> None:
    node = p.Upsample("x", EDGE, (1, 2, 3), zeros=True)
    x = values() + 1
    result = selected(node, x)
    assert (result[:, :, :, ::2, ::3] == x.numpy()).all()
    assert (result > 0).sum() == x.numel()
    assert (node.spelled(TorchWords(2), [x], shape_of(node)).numpy() == result).all()


def test_every_kind_is_in_graphs_and_programs_alike() -> None:
    of_graphs = {kind.__name__ for kind in g.Graph.kinds if issubclass(kind, g.Selection)}
    assert {kind.__name__ for kind in SELECTIONS} == of_graphs
    assert {name.lower() for name in of_graphs} >= set(SAME)
    node = g.Slice("part", EDGE, 0, 1, 2)
    assert twin(node, "other", Edge("out")) == p.Slice("other", Edge("out"), 0, 1, 2)
    joined = g.Concat("both", (EDGE, Edge("b")), 1)
    assert twin(joined, "both", *joined.inputs) == p.Concat("both", joined.inputs, 1)


def test_values_of_unlike_types_are_joined_without_a_loss() -> None:
    large = torch.tensor([[[(1 << 24) + 1]]])
    both = TorchWords(2).concat([torch.ones(1, 1, 1), large], 0)
    assert both.tolist() == [[[1.0, float((1 << 24) + 1)]]]


@pytest.mark.parametrize("name", SAME)
def test_written_and_read_back(name: str) -> None:
    node, _ = SAME[name]
    nodes: list[p.Node] = [p.Input("in", (2, 4, 3)), node, neurons("n", "x")]
    program = p.Program(tuple(nodes), "n")
    assert p.loads(p.dumps(program)) == program
    assert f"= {name}(in" in program.text()


def program_of(node: p.Node) -> p.Program:
    return p.Program((p.Input("in", (2, 4, 3)), node), "x")


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "no shape": (lambda: p.Reshape("x", EDGE, (0, 4)), r"x\.shape: \(0, 4\) is not a shape"),
    "other size": (
        lambda: program_of(p.Reshape("x", EDGE, (5, 5))),
        r"x: \(2, 4, 3\) does not divide into \(5, 5\)",
    ),
    "no order": (lambda: p.Permute("x", EDGE, (0, 0)), r"x\.order: \(0, 0\) is not an order"),
    "fewer axes": (lambda: program_of(p.Permute("x", EDGE, (1, 0))), "x: orders 2 axes"),
    "no part": (lambda: p.Slice("x", EDGE, 0, 2, 2), "x: 2:2:1 of axis 0 is not a part"),
    "beyond": (lambda: program_of(p.Slice("x", EDGE, 1, 2, 5)), "x: takes 2:5 of axis 1 of"),
    "nothing": (lambda: p.Concat("x", ()), "x: joins 0 values"),
    "unlike": (
        lambda: p.Program(
            (
                p.Input("in", (2, 4, 3)),
                p.Flatten("flat", EDGE),
                p.Concat("x", (EDGE, Edge("flat"))),
            ),
            "x",
        ),
        r"x: joins values of unlike shapes \[\(2, 4, 3\), \(24,\)\] along axis 0",
    ),
    "no factor": (lambda: p.Upsample("x", EDGE, (1, 0)), r"x\.factors: \(1, 0\) are not"),
    "few factors": (lambda: program_of(p.Upsample("x", EDGE, (2, 2))), "x: has factors for 2"),
    "huge": (
        lambda: program_of(p.Upsample("x", EDGE, (1 << 20, 1 << 20, 1))),
        "more than 268,435,456 values",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused_by_name(name: str) -> None:
    make, words = WRONG[name]
    with pytest.raises(ValidationError, match=words):
        make()
