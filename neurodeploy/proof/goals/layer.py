"""The goals of one layer: its step in the files is the program's, and nothing overflows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from neurodeploy.data.structure import Edge
from neurodeploy.errors import ArtifactError
from neurodeploy.program import Neuron
from neurodeploy.proof.goals.bounds import bounded
from neurodeploy.proof.goals.parameters import ParameterRows
from neurodeploy.proof.goals.products import Opened, opened
from neurodeploy.proof.goals.question import Question
from neurodeploy.target.steps import ComputedStep, LayerStep, Leaves
from snncore.dynamics import Format, Overflow
from snncore.dynamics.arithmetic.interval import Interval
from snncore.dynamics.bits.circuit import Circuit, Wire, bits_of
from snncore.dynamics.bits.table import step as exact_step

EQUAL, FITS, KEPT = "equal", "fits", "kept"
FILE = "file."


def register(form: Format) -> Interval:
    """Return every value that a state's register holds."""
    half = 1 << (form.bits - 1)
    if form.overflow == Overflow.WRAP_ONCE:
        return Interval(1 - half, half)
    if form.overflow == Overflow.WRAP:
        return Interval(-half, half - 1)
    return Interval(*form.limits)


@dataclass(frozen=True, eq=False)
class LayerGoals:
    """One layer for states within some intervals, and drives within theirs."""

    node: Neuron
    step: LayerStep
    states: Mapping[str, Interval]
    sources: Mapping[Edge, Interval]

    @cached_property
    def rows(self) -> ParameterRows:
        """The parameters of every neuron."""
        return ParameterRows.of(self.node.name, self.node.parameters, self.step.parameters)

    @cached_property
    def sides(self) -> Sides:
        """The program's step and the files', on the same numbers."""
        circuit = Circuit()
        states = {name: _variable(circuit, name, each) for name, each in self.states.items()}
        sources = {
            edge: _variable(circuit, name, self.sources[edge])
            for edge, name in source_names(self.sources).items()
        }
        parameters, chosen = self.rows.wires(circuit)
        assumed = [circuit.within(states[name], *_ends(each)) for name, each in self.states.items()]
        assumed += [circuit.within(sources[e], *_ends(each)) for e, each in self.sources.items()]
        drives = {}
        for port, edges in self.node.drives.items():
            total = circuit.constant(0)
            for edge in edges:
                total = circuit.add(total, sources[edge])
            drives[port] = total
        own = {name: parameters[name] for name in self.node.parameters}
        expected = exact_step(circuit, self.node.integer_equations, states, drives, own)
        unit = circuit.constant(self.step.unit)
        scaled = {name: circuit.multiply(wire, unit) for name, wire in states.items()}
        files = {name: parameters[f"{FILE}{name}"] for name in self.step.parameters}
        computed = self.step.compute(circuit, Leaves(scaled, sources, files))
        missing = set(self.states) - set(computed.next_states)
        if missing:
            raise ArtifactError(f"{self.node.name}: its step has no state {min(missing)}")
        return Sides(circuit, (*assumed, *chosen), expected, computed, unit)

    def questions(self) -> list[tuple[Question, Question | None]]:
        """Return every goal, each with a simpler question whose proof is the goal's, if any is."""
        equal = self._question(EQUAL, list(self.sides.equalities.values()))
        return [
            *((each, self._in_bounds(each)) for each in (self._kept(), self._fits())),
            (equal, self._simpler(equal, opened(equal.circuit, equal.claimed))),
        ]

    def _fits(self) -> Question:
        """Return the goal that the files' arithmetic holds every value."""
        return self._question(FITS, [wire for _, wire in self.sides.computed.conditions])

    def _kept(self) -> Question:
        """Return the goal that no step of the program leads out of these states."""
        circuit, following = self.sides.circuit, self.sides.expected[0]
        inside = [
            circuit.within(following[name], *_ends(each)) for name, each in self.states.items()
        ]
        return self._question(KEPT, inside)

    def _question(self, goal: str, claims: list[Wire]) -> Question:
        circuit, sides = self.sides.circuit, self.sides
        name = f"{self.node.name}.{goal}"
        claimed = circuit.every(claims)
        return Question(name, circuit, sides.assumed, claimed, self._comments(goal))

    def _in_bounds(self, question: Question) -> Question | None:
        """Return a question with an interval for every product, or None if it has no product."""
        names = source_names(self.sources)
        ends = {name: _ends(each) for name, each in self.states.items()}
        ends |= {names[edge]: _ends(each) for edge, each in self.sources.items()}
        ends |= self.rows.ends
        return self._simpler(question, bounded(question.circuit, question.claimed, ends))

    def _simpler(self, question: Question, parts: Opened | None) -> Question | None:
        if parts is None:
            return None
        comments = (*question.comments, *parts.comments)
        assumed = (*question.assumed, *parts.facts)
        return replace(question, assumed=assumed, claimed=parts.claimed, comments=comments)

    def _comments(self, goal: str) -> tuple[str, ...]:
        claims = {
            EQUAL: f"the step of {self.step.origin} is the program's",
            FITS: f"every value fits the arithmetic of {self.step.origin}",
            KEPT: "the program's step leads to none but these states",
        }
        states = ", ".join(f"{n} in {s.low}..{s.high}" for n, s in self.states.items())
        drives = [
            f"{name} (the value of {edge.source}, {edge.delay} steps late) in "
            f"{self.sources[edge].low}..{self.sources[edge].high}"
            for edge, name in source_names(self.sources).items()
        ]
        return (
            f"{self.node.name}: {claims[goal]}; unsat means proved",
            f"for {states or 'no states'}; {', '.join(drives)}",
        )


@dataclass(frozen=True, eq=False)
class Sides:
    """Both steps in one circuit."""

    circuit: Circuit
    assumed: tuple[Wire, ...]
    expected: tuple[dict[str, Wire], Wire]
    computed: ComputedStep
    unit: Wire

    @property
    def program(self) -> list[Wire]:
        """The program's results."""
        following, output = self.expected
        return [*following.values(), output]

    @cached_property
    def equalities(self) -> dict[str, Wire]:
        """Return by result whether both sides have the same: states by name, and "s"."""
        return {name: self.circuit.equal(*pair) for name, pair in self.results.items()}

    @cached_property
    def results(self) -> dict[str, tuple[Wire, Wire]]:
        """The program's and the files' results: states by name, and "s" for the output."""
        following, output = self.expected
        pairs = {
            name: (self.circuit.multiply(wire, self.unit), self.computed.next_states[name])
            for name, wire in following.items()
        }
        return {**pairs, "s": (output, self.computed.output)}


def source_names(sources: Iterable[Edge]) -> dict[Edge, str]:
    """Return the name of each edge's value among the numbers of a question."""
    return {edge: f"source.{number}" for number, edge in enumerate(sources)}


def _ends(interval: Interval) -> tuple[int, int]:
    return interval.low, interval.high


def _variable(circuit: Circuit, name: str, values: Interval) -> Wire:
    if values.low == values.high:
        return circuit.constant(values.low)
    return circuit.variable(name, max(bits_of(values.low), bits_of(values.high)))
