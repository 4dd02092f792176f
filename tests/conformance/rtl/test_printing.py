"""Verilog's steps equal Python's integers, at every end of every range and on random values."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from neurodeploy.sandbox import Environment, run_worker
from neurodeploy.simulator.golden import GOLDEN
from snncore.dynamics import Equations, Op
from snncore.dynamics.arithmetic.interval import Interval, step_intervals
from snncore.dynamics.expression import Attribute, Operation
from snncore.dynamics.printing.step_ranges import StepRanges
from snncore.dynamics.printing.verilog import VerilogStep, bits_of, number, verilog_step

Case = tuple[Op, Attribute, int, Interval]
RANGES = {
    "both signs": Interval(-300, 200),
    "no sign": Interval(0, 255),
    "a power of two": Interval(-128, -1),
    "41 bits": Interval(-(1 << 40), 1 << 40),
}
MOST = 120
# An operation of x and y (and z), with its constant and the range of its arguments.
CASES: dict[str, Case] = {
    **{
        f"{op.value} of {label}": (op, attribute, count, interval)
        for label, interval in RANGES.items()
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
    "product": (Op.MULTIPLY, None, 2, RANGES["both signs"]),
    "product of 62 bits": (Op.MULTIPLY, None, 2, Interval(-(1 << 30), (1 << 31) - 1)),
    "wrap once": (Op.WRAP_ONCE, 9, 1, Interval(-700, 700)),
    "shift beyond the width": (Op.SHIFT_FLOOR, 31, 1, RANGES["both signs"]),
    "shift to zero beyond the width": (Op.SHIFT_TO_ZERO, 31, 1, RANGES["both signs"]),
    "scale": (Op.SCALE_TO_ZERO, (-77, 5), 1, RANGES["both signs"]),
    "scale of 48 bits": (Op.SCALE_TO_ZERO, (77, 5), 1, RANGES["41 bits"]),
}


def printed(name: str, case: Case) -> VerilogStep:
    """Return an operation of the states as a module."""
    op, attribute, count, interval = case
    states = ("x", "y", "z")[:count]
    leaves = [Operation(Op.STATE, (), key) for key in states]
    operations = (*leaves, Operation(op, tuple(range(count)), attribute))
    equations = Equations(name, states, (), (), operations, tuple(range(count)), count)
    ranges = StepRanges(dict.fromkeys(states, interval), {}, {})
    _, bounds = step_intervals(equations, ranges.states, {}, {})
    return verilog_step(name, equations, ranges, bounds)


def values(interval: Interval) -> list[int]:
    """Return the ends of a range, the values around zero in it, and random ones."""
    near = [interval.low, interval.low + 1, -1, 0, 1, interval.high - 1, interval.high]
    drawn = np.random.default_rng(0).integers(interval.low, interval.high, 6, endpoint=True)
    return [value for value in (*near, *drawn.tolist()) if interval.low <= value <= interval.high]


def expected(case: Case, arguments: tuple[int, ...]) -> int:
    """Return what the golden interpreter computes."""
    op, attribute, _, _ = case
    if op == Op.SCALE_TO_ZERO and isinstance(attribute, tuple):
        scaled = arguments[0] * int(attribute[0])
        return abs(scaled) // (1 << int(attribute[1])) * (1 if scaled >= 0 else -1)
    if op == Op.SELECT:
        arguments = (int(arguments[0] > 0), *arguments[1:])
    constants = () if attribute is None else (attribute,)
    return int(GOLDEN[op](*map(np.int64, arguments), *constants))


def test_every_operation_is_golden_s(icarus: Environment) -> None:
    modules, declared, body, wanted = [], [], [], []
    for index, (name, case) in enumerate(CASES.items()):
        step = printed(f"case{index}", case)
        modules.append(step.text)
        ports = {port: f"{port}_{index}" for port in step.states.values()}
        for port, wire in ports.items():
            declared.append(f"reg signed [{step.widths[port] - 1}:0] {wire};")
        declared.append(f"wire signed [{step.widths['sent'] - 1}:0] sent_{index};")
        links = ", ".join(f".{port}({wire})" for port, wire in ports.items())
        declared.append(f"case{index} step{index}({links}, .sent(sent_{index}));")
        rows = list(product(values(case[3]), repeat=case[2]))
        for chosen in np.random.default_rng(1).permutation(len(rows))[:MOST]:
            pairs = zip(ports.values(), rows[chosen], strict=True)
            stores = " ".join(f"{wire} = {number(value)};" for wire, value in pairs)
            body.append(f'{stores} #1 $fwrite(to, "%0d\\n", sent_{index});')
            wanted.append((name, rows[chosen], expected(case, rows[chosen])))
    opened = ["integer to;", "initial begin", 'to = $fopen("values.txt", "w");']
    text = [
        "module nd_bench(input clk);",
        *declared,
        *opened,
        *body,
        "$fclose(to); $finish;",
        "end",
    ]
    files = {"steps.v": "\n".join(modules), "nd_bench.v": "\n".join([*text, "endmodule", ""])}
    answers = run_worker(icarus, {"networks": [files]}).result["values"]
    assert isinstance(answers, list)
    computed = [int(word) for word in answers[0].split()]
    both = zip(wanted, computed, strict=True)
    differing = [(*case, value) for case, value in both if case[2] != value]
    assert not differing, differing[:5]
    assert len(wanted) > 20 * len(CASES)


@pytest.mark.parametrize("bits", [1, 8, 32, 64])
def test_widths_end_where_registers_end(bits: int) -> None:
    half = 1 << (bits - 1)
    assert bits_of(Interval(-half, half - 1)) == bits
    assert bits_of(Interval(-half - 1, 0)) == bits + 1 == bits_of(Interval(0, half))
