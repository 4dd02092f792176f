"""Counterexamples: the numbers that refute a goal, in the words of the layer."""

from __future__ import annotations

from neurodeploy.data.structure import Edge
from neurodeploy.proof.goals.layer import KEPT, LayerGoals, source_names
from neurodeploy.proof.goals.question import Answer, Question
from neurodeploy.proof.proofs import Counterexample
from snncore.dynamics.bits.running import run


def counterexample(goals: LayerGoals, question: Question, answer: Answer) -> Counterexample | None:
    """Return a refuted question's counterexample, or None if it does not show a wrong step."""
    if question.name.endswith(f".{KEPT}"):
        return None
    neuron = goals.rows.neuron_of(answer.numbers)
    if neuron is None:
        return None
    names = source_names(goals.sources)
    states = {name: answer.numbers.get(name, values.low) for name, values in goals.states.items()}
    drives = {
        _words(edge): answer.numbers.get(names[edge], values.low)
        for edge, values in goals.sources.items()
    }
    return Counterexample(
        neuron,
        states,
        drives,
        goals.rows.values_of(neuron),
        _results(goals, answer),
        _overflow(goals, answer),
    )


def _results(goals: LayerGoals, answer: Answer) -> dict[str, tuple[int, int]]:
    """Return both sides' results, in the program's unit where the files' is a multiple of it."""
    results = goals.sides.results
    wires = [wire for pair in results.values() for wire in pair]
    values = iter(run(wires, answer.numbers))
    return {name: (int(next(values)), int(next(values))) for name in results}


def _overflow(goals: LayerGoals, answer: Answer) -> str:
    """Return the first value that does not fit the files' arithmetic."""
    conditions = goals.sides.computed.conditions
    fits = run([wire for _, wire in conditions], answer.numbers)
    return next((words for (words, _), fit in zip(conditions, fits, strict=True) if not fit), "")


def _words(edge: Edge) -> str:
    return f"{edge.source}, {edge.delay} steps late" if edge.delay else edge.source
