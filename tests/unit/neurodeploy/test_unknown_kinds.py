"""A kind of node or an operation that nobody knows: every consumer refuses it by its name."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import neurodeploy
import targets
from neurodeploy import graph as g
from neurodeploy import program as p
from neurodeploy.data.network.dispatch import TABLES, KindTable
from neurodeploy.data.structure import Edge, Node, Shape
from neurodeploy.errors import NeurodeployError, UnknownKindError
from neurodeploy.lowering import PASSES, lower, run_passes
from neurodeploy.program.kinds.node import Reads
from neurodeploy.simulator import ENGINES, simulate
from neurodeploy.simulator.floats import run_floats
from neurodeploy.simulator.golden import GOLDEN
from neurodeploy.target import Severity, TakesFloats, target
from neurodeploy.target import targets as installed
from snncore.dynamics import Equations, Op, evaluate, spike, to_integers, trace
from snncore.dynamics.adjoint import adjoint
from snncore.dynamics.arithmetic.interval import Interval, step_intervals
from snncore.dynamics.printing.register_words import REGISTER_TABLE
from snncore.dynamics.printing.render import Dialect, render
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI

# Programs of other interpreters, and the modules that are run and not imported.
NOT_IMPORTED = ("worker", "guard", "inside", "lava_models", "__main__")
NEURON = {"current_decay": 4096, "voltage_decay": 4096, "threshold": 90, "bias": 0}


def import_all() -> None:
    """Import every module, so that every table is there."""
    for package in (neurodeploy, targets):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(NOT_IMPORTED):
                importlib.import_module(module.name)


import_all()


@dataclass(frozen=True, eq=False)
class Nothing(p.Node):
    """A kind of a program that defines nothing."""

    source: Edge


@dataclass(frozen=True, eq=False)
class GraphNothing(g.Node):
    """A kind of a graph that defines nothing."""

    source: Edge


@dataclass(frozen=True, eq=False)
class Mystery(p.Node):
    """A kind of a program that defines all that a kind must, and is in no table."""

    source: Edge

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        return inputs[0]

    def value_range(self, reads: Reads) -> Interval:
        return reads.over(self.source)

    def expression(self, names: Mapping[Equations, str]) -> str:
        return "mystery"


@dataclass(frozen=True, eq=False)
class GraphMystery(g.Node):
    """A kind of a graph that defines all that a kind must, and is in no table."""

    source: Edge

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        return inputs[0]

    @property
    def details(self) -> tuple[tuple[str, object], ...]:
        return ()


def program() -> p.Program:
    values = {key: np.int64(value) for key, value in NEURON.items()}
    nodes = (
        p.Input("in", (3,)),
        p.Dense("d", Edge("in"), np.full((3, 3), 64)),
        Mystery("strange", Edge("d")),
        p.Neuron("n", (Edge("strange"),), CUBA_LIF, LOIHI, values),
    )
    return p.Program(nodes, "n")


def graph() -> g.Graph:
    values = {"current_decay": 1.0, "voltage_decay": 1.0, "threshold": 1.0, "bias": 0.0}
    nodes = (
        g.Input("in", (3,)),
        g.Dense("fc", Edge("in"), np.ones((3, 3)), exponent=-6),
        GraphMystery("strange", Edge("fc")),
        g.Neuron("n", Edge("strange"), CUBA_LIF, values, LOIHI, -6),
    )
    return g.Graph(nodes, "n")


SAMPLES = np.ones((2, 1, 3), dtype=np.int64)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.consumer)
@pytest.mark.parametrize("node", [program().by_name["strange"], graph().by_name["strange"]])
def test_every_table_refuses_a_kind_by_its_name(table: KindTable[..., Any], node: Node) -> None:
    words = rf"strange: {table.consumer} does not know the kind {type(node).__name__}"
    with pytest.raises(UnknownKindError, match=words):
        table.of(node)
    assert not table.knows(node)


def test_there_are_tables_and_each_has_a_name() -> None:
    names = [table.consumer for table in TABLES]
    assert len(names) > 15
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("member", ["output_shape", "value_range", "expression"])
def test_a_kind_of_a_program_must_say_what_it_is(member: str) -> None:
    with pytest.raises(UnknownKindError, match=f"x: the kind Nothing does not define {member}"):
        getattr(Nothing("x", Edge("in")), member)(None)


def test_a_kind_of_a_graph_must_say_what_it_is() -> None:
    nothing = GraphNothing("x", Edge("in"))
    with pytest.raises(UnknownKindError, match="x: the kind GraphNothing does not define output"):
        nothing.output_shape([])
    with pytest.raises(UnknownKindError, match="x: the kind GraphNothing does not define details"):
        _ = nothing.details


def test_no_network_is_made_of_a_kind_without_a_shape() -> None:
    with pytest.raises(UnknownKindError, match="Nothing"):
        p.Program((p.Input("in", (3,)), Nothing("x", Edge("in"))), "x")
    with pytest.raises(UnknownKindError, match="GraphNothing"):
        g.Graph((g.Input("in", (3,)), GraphNothing("x", Edge("in"))), "x")


def of_program() -> dict[str, Callable[[], object]]:
    """Every consumer of a program."""
    from neurodeploy.cli.views.layers import layers_of
    from neurodeploy.frontend.from_program import network_of

    consumers: dict[str, Callable[[], object]] = {
        "serde": lambda: p.loads(p.dumps(program())),
        "network_of": lambda: network_of(program()),
        "layers_of": lambda: layers_of(program()),
    }
    for engine in ENGINES:
        consumers[engine] = lambda engine=engine: simulate(program(), SAMPLES, engine=engine)
    for name, chip in installed().items():
        consumers[f"compile for {name}"] = lambda chip=chip: chip.compile(program())
    return consumers


def of_graph() -> dict[str, Callable[[], object]]:
    """Every consumer of a graph."""
    consumers: dict[str, Callable[[], object]] = {
        "serde": lambda: g.loads(g.dumps(graph())),
        "floats": lambda: run_floats(graph(), SAMPLES),
        "lowering": lambda: lower(graph()),
    }
    for name, chip in installed().items():
        if isinstance(chip, TakesFloats):
            consumers[f"compile for {name}"] = lambda chip=chip: chip.compile_graph(graph())
    return consumers


@pytest.mark.parametrize("name", of_program())
def test_every_consumer_of_a_program_refuses_a_kind(name: str) -> None:
    with pytest.raises(NeurodeployError, match="Mystery"):
        of_program()[name]()


@pytest.mark.parametrize("name", of_graph())
def test_every_consumer_of_a_graph_refuses_a_kind(name: str) -> None:
    with pytest.raises(NeurodeployError, match="GraphMystery"):
        of_graph()[name]()


@pytest.mark.parametrize("name", installed())
def test_every_check_finds_a_kind(name: str) -> None:
    findings = [target(name).check(program())]
    chip = target(name)
    if isinstance(chip, TakesFloats):
        findings.append(chip.check_graph(graph()))
    for each in findings:
        errors = [str(finding) for finding in each if finding.severity == Severity.ERROR]
        assert any("Mystery" in words for words in errors), errors


@pytest.mark.parametrize("each", PASSES, ids=lambda each: each.name)
def test_a_pass_leaves_a_kind_as_it_is(each: Any) -> None:
    assert run_passes(graph(), (each,)).by_name["strange"] == graph().by_name["strange"]


def unknown_op() -> Equations:
    """Equations with an operation that nobody knows, in the place of the sum of `v` and `x`."""
    mystery = str.__new__(Op, "mystery")
    mystery._name_, mystery._value_ = "MYSTERY", "mystery"

    def step(v: Any, x: Any) -> Any:
        h = v + x
        return h, spike(h - 1.0)

    plain = trace(step, states=("v",), parameters=(), name="strange")
    operations = tuple(
        replace(each, op=mystery) if each.op == Op.ADD else each for each in plain.operations
    )
    return replace(plain, operations=operations)


def dialects() -> list[Dialect]:
    """Every dialect that a module has under a name."""
    importlib.import_module("snncore.kernels")
    by_identity: dict[int, Dialect] = {}
    for package in (importlib.import_module("snncore"), neurodeploy):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "kernels" in module.name or "carrier" in module.name:
                values = vars(importlib.import_module(module.name)).values()
                by_identity |= {id(each): each for each in values if isinstance(each, Dialect)}
    return list(by_identity.values())


UNIT = {"v": Interval(0, 1)}
OF_OPERATIONS: dict[str, Callable[[Equations], object]] = {
    "ranges": lambda e: step_intervals(e, UNIT, {"x": Interval(0, 1)}, {}),
    "golden": lambda e: evaluate(e, GOLDEN, {"v": 0}, {"x": 1}, {}),
    "floats": lambda e: evaluate(e, REGISTER_TABLE, {"v": 0.0}, {"x": 1.0}, {}),
    "integers": lambda e: to_integers(e, LOIHI),
    "adjoint": lambda e: adjoint(e, lambda x: x),
}


@pytest.mark.parametrize("name", OF_OPERATIONS)
def test_every_consumer_of_equations_refuses_an_operation(name: str) -> None:
    equations = unknown_op()
    with pytest.raises((ValueError, TypeError), match="mystery"):
        OF_OPERATIONS[name](equations)


def test_every_dialect_refuses_an_operation() -> None:
    equations, every = unknown_op(), dialects()
    assert len(every) > 5
    for dialect in every:
        with pytest.raises(ValueError, match="mystery"):
            render(equations, dialect)
