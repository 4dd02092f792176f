"""Questions that are too hard at once, asked as lemmas until nothing is left of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from neurodeploy.proof.goals.exhaustion import METHOD
from neurodeploy.proof.goals.merging import InLemmas, Lemma, Merger, Numbers
from neurodeploy.proof.goals.question import Answer, Question, Verdict
from snncore.dynamics.bits.circuit import Wire

Ask = Callable[[Sequence[Question]], list[Answer]]
# Guesses soon fit the numbers that refuted earlier ones.
_MOST_ROUNDS = 16


def in_lemmas(
    question: Question, program: Sequence[Wire], numbers: Numbers, ask: Ask, *, seconds: float
) -> tuple[Question, Answer]:
    """Return a question's answer by lemmas, and the question with them.

    It is unknown if they do not decide it, or take longer than some seconds.
    """
    answers: dict[str, Answer] = {}
    for thorough in (False, True):
        merger = Merger(question, program, numbers, thorough=thorough)
        for _ in range(_MOST_ROUNDS):
            lemmas, last = merger.guessed()
            if _proved(merger, lemmas, answers, ask):
                pair = _concluded(question, lemmas, last, answers, ask)
                if pair[1].verdict != Verdict.UNKNOWN:
                    return pair
                break
            if _seconds(answers) > seconds:
                break
    return question, Answer(Verdict.UNKNOWN, {}, "", _seconds(answers))


def _proved(merger: Merger, lemmas: list[Lemma], answers: dict[str, Answer], ask: Ask) -> bool:
    """Return whether all lemmas are proved; else the merger has learnt why not."""
    _answered([each.narrow for each in lemmas], answers, ask)
    open_ = [each for each in lemmas if answers[each.narrow.text].verdict != Verdict.PROVED]
    _answered([each.wide for each in open_], answers, ask)
    failed = False
    for lemma in open_:
        answer = answers[lemma.wide.text]
        if answer.verdict == Verdict.REFUTED:
            merger.learn(answer.numbers)
        elif answer.verdict == Verdict.UNKNOWN:
            merger.leave(lemma)
        failed |= answer.verdict != Verdict.PROVED
    return not failed


def _answered(questions: list[Question], answers: dict[str, Answer], ask: Ask) -> None:
    """Ask the questions that are new."""
    new = list({each.text: each for each in questions if each.text not in answers}.values())
    answers |= {each.text: answer for each, answer in zip(new, ask(new), strict=True)}


def _concluded(
    question: Question, lemmas: list[Lemma], last: Question, answers: dict[str, Answer], ask: Ask
) -> tuple[Question, Answer]:
    """Return the answer of what is left, with every lemma that it needs."""
    asked = [
        each.narrow if answers[each.narrow.text].verdict == Verdict.PROVED else each.wide
        for each in lemmas
    ]
    (answer,) = ask([last])
    whole = InLemmas(
        question.name,
        question.circuit,
        question.assumed,
        question.claimed,
        question.comments,
        lemmas=(*asked, last),
    )
    if answer.verdict == Verdict.REFUTED and not question.is_refuted_by(answer.numbers):
        answer = Answer(Verdict.UNKNOWN, {}, answer.method, answer.seconds)
    methods = [answer.method, *(each.method for each in answers.values())]
    # What is left may be so little that it is tried out.
    method = next((each for each in methods if each != METHOD), answer.method)
    seconds = answer.seconds + _seconds(answers)
    return whole, Answer(answer.verdict, answer.numbers, method, seconds, answer.reason)


def _seconds(answers: dict[str, Answer]) -> float:
    return sum(each.seconds for each in answers.values())
