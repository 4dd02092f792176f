"""Runs questions in SMT-LIB; the sandbox starts it with the solvers' packages."""

import importlib
import importlib.metadata
import time
from typing import Any

SELF_TEST = """(set-logic QF_BV)
(declare-fun |x| () (_ BitVec 8))
(assert (= (bvmul |x| |x|) (_ bv225 8)))
(assert (bvslt |x| (_ bv0 8)))
(check-sat)
"""
WORDS = {"sat": "refuted", "unsat": "proved", "unknown": "unknown"}


class AnswerError(ValueError):
    """A solver whose answer cannot be right."""


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Ask every question of the job, or the self-test's; the sandbox calls this."""
    if job.get("self_test"):
        return self_test()
    ask = SOLVERS[job["solver"]]
    answers = []
    for number, question in enumerate(job["questions"]):
        exchange.progress(f"{question['name']} ({number + 1} of {len(job['questions'])})")
        started = time.monotonic()
        verdict, numbers = ask(question["text"], question["names"], job["seconds"])
        seconds = time.monotonic() - started
        answers.append({"verdict": WORDS[verdict], "numbers": numbers, "seconds": seconds})
    return {"answers": answers, "version": version(job["solver"])}


def bitwuzla(text: str, names: list[str], seconds: float) -> tuple[str, dict[str, int]]:
    """Return bitwuzla's answer, and the numbers that it found."""
    module: Any = importlib.import_module("bitwuzla")
    options = module.Options()
    options.set(module.Option.PRODUCE_MODELS, True)
    options.set(module.Option.TIME_LIMIT_PER, max(1, int(1000 * seconds)))
    parser = module.Parser(module.TermManager(), options)
    # the text asks once itself, and only the last answer is ours
    parser.parse(text.replace("(check-sat)", ""), True, False)
    solver = parser.bitwuzla()
    verdict = str(solver.check_sat()).lower().rpartition(".")[2]
    if verdict != "sat":
        return verdict, {}
    values = {name: solver.get_value(parser.parse_term(f"|{name}|")) for name in names}
    return verdict, {name: signed(value.value(2)) for name, value in values.items()}


def z3(text: str, names: list[str], seconds: float) -> tuple[str, dict[str, int]]:
    """Return z3's answer, and the numbers that it found."""
    module: Any = importlib.import_module("z3")
    solver = module.Solver()
    solver.set("timeout", max(1, int(1000 * seconds)))
    solver.from_string(text.replace("(check-sat)", ""))
    verdict = str(solver.check())
    if verdict != "sat":
        return verdict, {}
    model = solver.model()
    values = {str(each): model[each].as_signed_long() for each in model.decls()}
    return verdict, {name: values.get(name, values.get(f"|{name}|", 0)) for name in names}


SOLVERS = {"bitwuzla": bitwuzla, "z3": z3}
PACKAGES = {"bitwuzla": "bitwuzla", "z3": "z3-solver"}


def signed(digits: str) -> int:
    """Return a number in two's complement from its binary digits."""
    value = int(digits, 2)
    return value - (1 << len(digits)) if digits[0] == "1" else value


def version(solver: str) -> str:
    """Return a solver's name and version."""
    return f"{solver} {importlib.metadata.version(PACKAGES[solver])}"


def self_test() -> dict[str, Any]:
    """Ask every solver for a negative root of 225 modulo 256; returns their versions."""
    for name, ask in SOLVERS.items():
        verdict, numbers = ask(SELF_TEST, ["x"], 10.0)
        root = numbers.get("x", 0)
        if verdict != "sat" or root >= 0 or (root * root) % 256 != 225:
            raise AnswerError(f"the self-test of {name} gave {verdict} {numbers}")
        verdict, _ = ask(SELF_TEST.replace("bv225", "bv3"), ["x"], 10.0)
        if verdict != "unsat":
            raise AnswerError(f"{name} says {verdict} to a square of 3, and there is none")
    return {name: version(name) for name in SOLVERS}
