"""Passes: they may change what they declare, and a pass that lies is seen."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.data.structure import Edge
from neurodeploy.errors import PassError
from neurodeploy.graph import Add, Conv2d, Dense, Flatten, Graph, Input, Neuron, Node, SumPool2d
from neurodeploy.lowering import PASSES, Pass, lower, run_passes
from neurodeploy.simulator import run_golden
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI

PARAMETERS = {"current_decay": 1.0, "voltage_decay": 0.5, "threshold": 1.0, "bias": 0.0}


def graph() -> Graph:
    nodes = (
        Input("in", (1, 2, 2)),
        Flatten("flat", Edge("in")),
        Dense("fc", Edge("flat"), np.arange(12).reshape(3, 4), exponent=-6),
        Neuron("n", Edge("fc"), CUBA_LIF, PARAMETERS, LOIHI, -6),
        Dense("more", Edge("n"), np.eye(3), exponent=-6),
        Neuron("z", Edge("more"), CUBA_LIF, PARAMETERS, LOIHI, -6),
    )
    return Graph(nodes, "z")


def changing(**nodes: Node) -> Callable[[Graph], Graph]:
    """A function that puts other nodes in the place of some."""
    return lambda before: Graph(
        tuple(nodes.get(node.name, node) for node in before.nodes), before.output
    )


def with_node(before: Graph) -> Graph:
    first, *rest = before.nodes
    return Graph((first, Flatten("new", Edge("in")), *rest), before.output)


def shorter(before: Graph) -> Graph:
    return Graph(before.nodes[:4], "n")


FC = graph().by_name["fc"]
N = graph().by_name["n"]
WEIGHT = frozenset({"weight"})
LIES = {
    "a weight": (changing(fc=replace(FC, weight=np.ones((3, 4)))), "changed fc.weight"),
    "an exponent": (changing(fc=replace(FC, exponent=-5)), "changed fc.exponent"),
    "a parameter": (
        changing(n=replace(N, parameters=PARAMETERS | {"bias": 1.0})),
        "changed n.parameters",
    ),
    "another kind": (changing(more=Add("more", (Edge("n"),))), "removed more, a Dense"),
    "a node more": (with_node, "added new, a Flatten"),
    "another output": (shorter, "made n the output instead of z"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_pass_that_lies_is_a_defect(name: str) -> None:
    run, words = LIES[name]
    with pytest.raises(PassError, match=f"the pass liar ({words})") as caught:
        run_passes(graph(), (Pass("liar", run),))
    assert caught.value.exit_code == 70


def test_a_pass_may_change_what_it_declares() -> None:
    run, _ = LIES["a weight"]
    honest = Pass("honest", run, changes={Dense: WEIGHT})
    assert run_passes(graph(), (honest,)).by_name["fc"] != FC
    with pytest.raises(PassError, match=r"changed fc\.weight"):
        run_passes(graph(), (Pass("other", run, changes={Conv2d: WEIGHT}),))


def test_a_pass_may_remove_and_add_the_kinds_that_it_declares() -> None:
    added = Pass("adds", with_node, adds=frozenset({Flatten}))
    longer = run_passes(graph(), (added,))
    assert "new" in longer.by_name
    assert [node.name for node in run_passes(longer, PASSES).nodes] == [
        node.name for node in graph().nodes
    ]
    unused = Pass("removes", lambda _: graph(), removes=frozenset({Add}))
    with pytest.raises(PassError, match="removed new, a Flatten"):
        run_passes(longer, (unused,))


def test_a_pass_that_changes_nothing_may_copy() -> None:
    copied = changing(fc=replace(FC, weight=np.array(FC.weight)))
    assert run_passes(graph(), (Pass("copies", copied),)) == graph()


def test_a_target_s_passes_run_after_those_of_all() -> None:
    pooled = Graph(
        (
            Input("in", (1, 4, 4)),
            SumPool2d("pool", Edge("in"), (2, 2), (2, 2), exponent=-6),
            Neuron("n", Edge("pool"), CUBA_LIF, PARAMETERS, LOIHI, -6),
        ),
        "n",
    )
    seen: list[tuple[str, ...]] = []

    def look(before: Graph) -> Graph:
        seen.append(tuple(type(node).__name__ for node in before.nodes))
        return before

    program = lower(pooled, (Pass("looks", look),))
    assert seen == [("Input", "Conv2d", "Neuron")]
    samples = np.ones((3, 1, 1, 4, 4), dtype=np.int64)
    assert run_golden(program, samples).output.any()
