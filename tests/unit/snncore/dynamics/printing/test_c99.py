"""C99's steps equal Python's integers, at every end of every range and on random values."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.simulator.golden import GOLDEN
from snncore.dynamics import Equations, Op, evaluate
from snncore.dynamics.arithmetic.interval import Interval, step_intervals
from snncore.dynamics.expression import Attribute, Operation
from snncore.dynamics.printing.c99 import CStep, c_step, number, width_of
from snncore.dynamics.printing.step_ranges import StepRanges

COMPILER = next(filter(shutil.which, ("gcc", "clang", "cc")), None)
WIDE = Interval(-(1 << 40), 1 << 40)
NARROW = Interval(-300, 200)
MOST = 400

# An operation of x and y (and z), with its constant and the range of its arguments.
CASES: dict[str, tuple[Op, Attribute, int, Interval]] = {
    **{
        f"{op.value} of {label}": (op, attribute, count, interval)
        for label, interval in (("32 bits", NARROW), ("64 bits", WIDE))
        for op, attribute, count in (
            (Op.ADD, None, 2),
            (Op.SUBTRACT, None, 2),
            (Op.NEGATE, None, 1),
            (Op.MINIMUM, None, 2),
            (Op.MAXIMUM, None, 2),
            (Op.ABSOLUTE, None, 1),
            (Op.GREATER, None, 2),
            (Op.GREATER_EQUAL, None, 2),
            (Op.SELECT, None, 3),
            (Op.SPIKE, False, 1),
            (Op.SPIKE, True, 1),
            (Op.SHIFT_LEFT, 3, 1),
            (Op.SHIFT_TO_ZERO, 2, 1),
            (Op.SHIFT_FLOOR, 2, 1),
            (Op.WRAP, 7, 1),
            (Op.CLIP, (-100, 90), 1),
        )
    },
    "product": (Op.MULTIPLY, None, 2, NARROW),
    "product of 64 bits": (Op.MULTIPLY, None, 2, Interval(-(1 << 31), (1 << 31) - 1)),
    "wrap once": (Op.WRAP_ONCE, 9, 1, Interval(-700, 700)),
    "shift beyond 32 bits": (Op.SHIFT_FLOOR, 40, 1, WIDE),
    "shift of 31": (Op.SHIFT_FLOOR, 31, 1, NARROW),
    "scale": (Op.SCALE_TO_ZERO, (-77, 5), 1, NARROW),
    "scale of 64 bits": (Op.SCALE_TO_ZERO, (77, 5), 1, WIDE),
    "lowest of 32 bits": (Op.CLIP, (-(1 << 31), (1 << 31) - 1), 1, WIDE),
}


def printed(name: str, case: tuple[Op, Attribute, int, Interval]) -> CStep:
    """Return an operation of the states as a function."""
    op, attribute, count, interval = case
    states = ("x", "y", "z")[:count]
    leaves = [Operation(Op.STATE, (), key) for key in states]
    operations = (*leaves, Operation(op, tuple(range(count)), attribute))
    equations = Equations(name, states, (), (), operations, tuple(range(count)), count)
    ranges = StepRanges(dict.fromkeys(states, interval), {}, {})
    _, bounds = step_intervals(equations, ranges.states, {}, {})
    return c_step(name, equations, ranges, bounds)


def values(interval: Interval) -> list[int]:
    """Return the ends of a range, the values around zero, and random ones."""
    near = [interval.low, interval.low + 1, -1, 0, 1, interval.high - 1, interval.high]
    drawn = np.random.default_rng(0).integers(interval.low, interval.high, 6, endpoint=True)
    return [*near, *drawn.tolist()]


def expected(case: tuple[Op, Attribute, int, Interval], arguments: tuple[int, ...]) -> int:
    """Return what the golden interpreter computes."""
    op, attribute, _, _ = case
    if op == Op.SCALE_TO_ZERO and isinstance(attribute, tuple):
        scaled = arguments[0] * int(attribute[0])
        return abs(scaled) // (1 << int(attribute[1])) * (1 if scaled >= 0 else -1)
    if op == Op.SELECT:
        arguments = (int(arguments[0] > 0), *arguments[1:])
    constants = () if attribute is None else (attribute,)
    return int(GOLDEN[op](*map(np.int64, arguments), *constants))


@pytest.mark.skipif(COMPILER is None, reason="not run: no C compiler is installed")
def test_every_operation_is_golden_s(tmp_path: Path) -> None:
    steps = {name: printed(f"case{index}", CASES[name]) for index, name in enumerate(CASES)}
    body, wanted = [], []
    for name, step in steps.items():
        rows = list(product(values(CASES[name][3]), repeat=CASES[name][2]))
        chosen = np.random.default_rng(1).permutation(len(rows))[:MOST]
        for row in (rows[index] for index in chosen):
            stores = [
                f"int{step.stored[key]}_t {key} = {number(value, step.stored[key])};"
                for key, value in zip(step.stored, row, strict=True)
            ]
            pointers = ", ".join(f"&{key}" for key in step.stored)
            body.append(f"{{ {' '.join(stores)} print({step.name}({pointers})); }}")
            wanted.append(expected(CASES[name], row))
    halves = [f"static void part{n}(void) {{\n{line}\n}}" for n, line in enumerate(body)]
    calls = "\n".join(f"part{n}();" for n in range(len(body)))
    text = "\n".join(
        [
            "#include <stdint.h>\n#include <stdio.h>",
            'static void print(int64_t value) { printf("%lld\\n", (long long)value); }',
            *(step.text for step in steps.values()),
            *halves,
            f"int main(void) {{\n{calls}\nreturn 0;\n}}",
        ]
    )
    assert compiled(text, tmp_path) == wanted
    assert len(wanted) > 30 * len(CASES) // 4


def compiled(text: str, folder: Path) -> list[int]:
    """Return the numbers that a program prints; undefined behaviour ends it."""
    (folder / "program.c").write_text(text)
    flags = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsanitize=undefined")
    command = [str(COMPILER), *flags, "-fno-sanitize-recover=all", "program.c", "-o", "program"]
    subprocess.run(command, cwd=folder, check=True)
    ran = subprocess.run(["./program"], cwd=folder, capture_output=True, text=True, check=True)
    return [int(line) for line in ran.stdout.split()]


def test_values_are_cast_where_they_are_read_and_no_wider_than_needed() -> None:
    step = printed("step", CASES["product of 64 bits"])
    assert "const int64_t t2 = (int64_t)state_x * (int64_t)state_y;" in step.text
    assert printed("step", CASES["product"]).text.count("int64_t") == 0
    assert step.stored == {"x": 32, "y": 32}


def test_more_than_64_bits_is_refused() -> None:
    case: tuple[Op, Attribute, int, Interval] = (Op.MULTIPLY, None, 2, WIDE)
    with pytest.raises(ValueError, match=r"step: multiply may reach .* is wider than 64 bits"):
        printed("step", case)


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
def test_widths_end_where_words_end(bits: int) -> None:
    half = 1 << (bits - 1)
    assert width_of(Interval(-half, half - 1)) == bits
    for wider in (Interval(-half - 1, 0), Interval(0, half)):
        if bits == 64:
            with pytest.raises(ValueError, match="wider than 64 bits"):
                width_of(wider)
        else:
            assert width_of(wider) == 2 * bits


def test_equations_are_those_that_evaluate_takes() -> None:
    step = printed("step", CASES["add of 32 bits"])
    states: Mapping[str, int] = {"x": 5, "y": -7}
    assert evaluate(step.equations, GOLDEN, states, {}, {})[1] == -2
