"""The prover: every layer's questions, first for all states, then for those that can be reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from neurodeploy.data.structure import Edge
from neurodeploy.program import Neuron, Program
from neurodeploy.program.ranges import Ranges, ranges
from neurodeploy.proof.counterexample import counterexample
from neurodeploy.proof.goals.drawing import drawn_numbers
from neurodeploy.proof.goals.exhaustion import cases, exhausted
from neurodeploy.proof.goals.layer import LayerGoals, register
from neurodeploy.proof.goals.question import Answer, Question, Verdict
from neurodeploy.proof.lemmas import in_lemmas
from neurodeploy.proof.proofs import Certificate, Proof, Proofs, Status
from neurodeploy.proof.reproduction import drawn, solved
from neurodeploy.proof.solvers.solvers import NAMES, asked
from neurodeploy.simulator.samples import users_samples
from neurodeploy.target.steps import ArtifactSteps
from snncore.dynamics.arithmetic.interval import ZERO, Interval

EVERY, REACHED = "every state in its registers", "every state that it can reach"
NO_DOOR = "the target does not show the steps that its files compute"
# Registers hold more states than can be reached, so a hard question about them is not worth more.
_FIRST_SECONDS = 5.0
# What takes longer is asked in lemmas first.
_SOON = 2.0


@dataclass(frozen=True)
class Effort:
    """The solver, the seconds for each question, and who hears of progress."""

    seconds: float = 30.0
    solver: str = NAMES[0]
    progress: Callable[[str], None] | None = None
    # Whether a solver answers even what could be tried out.
    always_solver: bool = False


@dataclass(eq=False)
class _Attempt:
    """The goals of one layer within one domain, and the answers so far."""

    goals: LayerGoals
    domain: str
    # By question: its answer; lemmas stand for a question that was too hard at once.
    answers: list[tuple[Question, Answer]] = field(default_factory=list)
    pending: list[Question] = field(default_factory=list)
    # The goal, for a simpler question that is asked first.
    whole: dict[str, Question] = field(default_factory=dict)

    @classmethod
    def of(cls, goals: LayerGoals, domain: str) -> _Attempt:
        """Return an attempt whose questions are all pending."""
        attempt = cls(goals, domain)
        for whole, parts in goals.questions():
            if parts is not None:
                attempt.whole[parts.name] = whole
            attempt.pending.append(parts or whole)
        return attempt

    @property
    def first_failure(self) -> tuple[Question, Answer] | None:
        """The first question that was not proved; a refuted one comes before an open one."""
        failed = [pair for pair in self.answers if pair[1].verdict != Verdict.PROVED]
        refuted = [pair for pair in failed if pair[1].verdict == Verdict.REFUTED]
        return next(iter([*refuted, *failed]), None)


def proofs_of(target: str, steps: ArtifactSteps, effort: Effort | None = None) -> Proofs:
    """Return the proofs of an artifact's layers.

    Raises:
        SimulatorMissingError: if a question needs a solver, and none is installed.
    """
    how = effort or Effort()
    proved = ranges(steps.program, steps.inputs)
    layers = {node.name: node for node in steps.program.layers}
    shown = {name: node for name, node in layers.items() if name in steps.layers}
    goals = {name: _goals(node, steps, proved, reached=False) for name, node in shown.items()}
    first = replace(how, seconds=min(how.seconds, _FIRST_SECONDS))
    results = _attempted({name: _Attempt.of(each, EVERY) for name, each in goals.items()}, first)
    again = {
        name: _Attempt.of(_goals(layers[name], steps, proved, reached=True), REACHED)
        for name, attempt in results.items()
        if attempt.first_failure is not None
    }
    results |= _attempted(again, how)
    proofs = {
        name: _proof(node, results[name])
        if name in results
        else _missing(node, steps.missing.get(name, NO_DOOR))
        for name, node in layers.items()
    }
    shown_by = {
        name: _with_samples(proof, steps.program, results[name].goals, how)
        for name, proof in proofs.items()
        if proof.counterexample is not None
    }
    return Proofs(target, proofs | shown_by, steps.sums, steps.late)


def _with_samples(proof: Proof, program: Program, goals: LayerGoals, how: Effort) -> Proof:
    """Return a refuted proof with samples that show it, if some are found."""
    example = proof.counterexample
    assert example is not None
    if how.progress is not None:
        how.progress(f"{proof.layer}: looking for samples that show it")
    samples = drawn(program, goals)
    if samples is None:
        seconds = min(how.seconds, _FIRST_SECONDS)
        samples = solved(program, goals, example.neuron, seconds=seconds, solver=how.solver)
    if samples is None:
        return proof
    users = users_samples(program, samples)
    return replace(proof, counterexample=replace(example, samples=users))


def unproved(target: str, program: Program) -> Proofs:
    """Return the proofs of an artifact whose target does not show its steps: none."""
    return Proofs(target, {node.name: _missing(node, NO_DOOR) for node in program.layers})


def _goals(node: Neuron, steps: ArtifactSteps, proved: Ranges, *, reached: bool) -> LayerGoals:
    equations = node.integer_equations
    if reached:
        layer = proved.layers[node.name]
        states = {name: layer.states[name].hull(ZERO) for name in equations.states}
    else:
        states = {name: register(node.system.state(name)) for name in equations.states}
    sources = {edge: _over(edge, proved) for edge in node.inputs}
    return LayerGoals(node, steps.layers[node.name], states, sources)


def _over(edge: Edge, proved: Ranges) -> Interval:
    value = proved.values[edge.source]
    return value.hull(ZERO) if edge.delay else value


def _attempted(attempts: Mapping[str, _Attempt], how: Effort) -> dict[str, _Attempt]:
    """Return attempts with every question answered, and those that follow from answers."""
    while True:
        questions = [(each, q) for each in attempts.values() for q in each.pending]
        if not questions:
            return dict(attempts)
        for attempt in attempts.values():
            attempt.pending = []
        soon = replace(how, seconds=min(how.seconds, _SOON))
        answers = _answered([question for _, question in questions], soon)
        hard = []
        for (attempt, question), answer in zip(questions, answers, strict=True):
            whole = attempt.whole.pop(question.name, None)
            if answer.verdict == Verdict.UNKNOWN:
                hard.append((attempt, whole or question, answer))
            elif whole is None or answer.verdict == Verdict.PROVED:
                attempt.answers.append((question, answer))
            elif whole.is_refuted_by(answer.numbers):
                attempt.answers.append((whole, answer))
            else:
                # What refutes free numbers may not refute products.
                attempt.pending.append(whole)
        for attempt, question, answer in hard:
            attempt.answers.append(_harder(attempt, question, answer, how))


def _harder(
    attempt: _Attempt, question: Question, answer: Answer, how: Effort
) -> tuple[Question, Answer]:
    """Return the answer by lemmas to a question that has none, or with all the time there is.

    A layer of which something else is refuted needs no more answers.
    """
    if any(each.verdict == Verdict.REFUTED for _, each in attempt.answers):
        return question, answer
    soon = replace(how, seconds=min(how.seconds, _SOON))
    program = attempt.goals.sides.program
    numbers = drawn_numbers(attempt.goals)
    pair = in_lemmas(
        question, program, numbers, lambda each: _answered(each, soon), seconds=how.seconds
    )
    if pair[1].verdict != Verdict.UNKNOWN:
        return pair
    if how.seconds > _SOON and attempt.domain == REACHED:
        (answer,) = _answered([question], how)
    return question, answer


def _answered(questions: Sequence[Question], how: Effort) -> list[Answer]:
    """Return the answers: by trying all numbers where they are few, else by the solver."""
    few = {n: q for n, q in enumerate(questions) if not how.always_solver and cases(q) is not None}
    tried = {number: exhausted(question) for number, question in few.items()}
    many = [question for number, question in enumerate(questions) if number not in few]
    solved = iter(asked(many, seconds=how.seconds, solver=how.solver, progress=how.progress))
    return [tried[n] if n in tried else next(solved) for n in range(len(questions))]


def _proof(node: Neuron, attempt: _Attempt) -> Proof:
    seconds = sum(answer.seconds for _, answer in attempt.answers)
    domain = attempt.domain
    if domain == REACHED:
        states = attempt.goals.states.items()
        domain += " (" + ", ".join(f"{n} in {s.low}..{s.high}" for n, s in states) + ")"
    proof = Proof(
        node.name,
        node.equations.name,
        Status.PROVED,
        domain,
        attempt.goals.step.origin,
        seconds,
        certificates=tuple(
            Certificate(question.name, question.text, answer.method, answer.seconds)
            for question, answer in attempt.answers
            if answer.verdict == Verdict.PROVED
        ),
    )
    failure = attempt.first_failure
    if failure is None:
        return proof
    question, answer = failure
    reason = answer.reason or f"{question.name} has a counterexample"
    if answer.verdict == Verdict.REFUTED:
        example = counterexample(attempt.goals, question, answer)
        if example is not None:
            reason = example.sentence(node.name)
            return replace(
                proof, status=Status.COUNTEREXAMPLE, reason=reason, counterexample=example
            )
        reason = f"{question.name}: the numbers that refute it are those of no neuron"
    return replace(proof, status=Status.NOT_PROVED, reason=reason)


def _missing(node: Neuron, reason: str) -> Proof:
    return Proof(node.name, node.equations.name, Status.NOT_PROVED, reason=reason)
