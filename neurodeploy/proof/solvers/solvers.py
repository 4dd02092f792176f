"""The solvers' environment, and questions asked there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from neurodeploy.errors import SimulatorError, UnknownNameError
from neurodeploy.proof.goals.question import Answer, Question, Verdict
from neurodeploy.sandbox import Environment, Limits, run_worker

_HERE = Path(__file__).parent
SOLVERS = Environment(
    name="solvers",
    title="bitwuzla 0.10.0 and z3 5.4.1",
    python="3.11",
    worker=_HERE / "worker.py",
    self_test={"self_test": True},
    requirements=("bitwuzla==0.10.0", "z3-solver==5.4.1.0"),
    download_mb=40,
    disk_mb=125,
    other_pythons=("3.12", "3.13", "3.14"),
    hashes=_HERE / "requirements" / "solvers.txt",
)
# The first is asked unless another is named.
NAMES = ("bitwuzla", "z3")
_STARTING_S, _MEMORY_MB = 60.0, 4096.0


def require_solver(name: str) -> str:
    """Return a solver's name.

    Raises:
        UnknownNameError: if there is no such solver.
    """
    if name not in NAMES:
        raise UnknownNameError(f"there is no solver {name!r}; there are: {', '.join(NAMES)}")
    return name


def asked(
    questions: Sequence[Question],
    *,
    seconds: float,
    solver: str = NAMES[0],
    progress: Callable[[str], None] | None = None,
) -> list[Answer]:
    """Return the answers to questions, each within some seconds.

    Raises:
        SimulatorMissingError: if the solvers are not installed.
        SimulatorError: if they fail, or return numbers that do not refute the claim.
    """
    if not questions:
        return []
    entries = [{"name": q.name, "text": q.text, "names": list(q.variables)} for q in questions]
    job = {"solver": solver, "seconds": seconds, "questions": entries}
    limits = Limits(_STARTING_S + 2 * seconds * len(questions), _MEMORY_MB)
    finished: Any = run_worker(SOLVERS, job, limits=limits, progress=progress).result
    return [
        _answer(question, entry, finished["version"], seconds)
        for question, entry in zip(questions, finished["answers"], strict=True)
    ]


def _answer(question: Question, entry: Any, version: str, limit: float) -> Answer:
    verdict, numbers = Verdict(entry["verdict"]), dict(entry["numbers"])
    if verdict == Verdict.REFUTED and not question.is_refuted_by(numbers):
        raise SimulatorError(
            f"{version}: its numbers do not refute {question.name}",
            remedy="this is a defect, of the solver or of ours: report the question",
        )
    reason = f"{version} gave no answer in {limit:g} s" if verdict == Verdict.UNKNOWN else ""
    return Answer(verdict, numbers, version, float(entry["seconds"]), reason)
