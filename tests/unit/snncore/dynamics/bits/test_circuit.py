"""Circuits compute what integer equations mean, on numbers of any size."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from neurodeploy.simulator.golden import GOLDEN
from snncore.dynamics import evaluate, to_integers
from snncore.dynamics.bits.circuit import Circuit, Gate, Wire, bits_of, in_order
from snncore.dynamics.bits.running import run
from snncore.dynamics.bits.smtlib import SPELLINGS, script
from snncore.dynamics.bits.table import step
from tests.unit.programs import PORTED, SYSTEMS

ALL = SYSTEMS | PORTED


def drawn(generator: random.Random, bits: int) -> int:
    """Return a number of a random size, often at an end of it."""
    size = generator.randint(1, bits)
    ends = [-(1 << (size - 1)), (1 << (size - 1)) - 1, 0, -1]
    return generator.choice([*ends, generator.randint(*ends[:2])])


@pytest.mark.parametrize("name", ALL)
def test_a_step_is_the_golden_one(name: str) -> None:
    equations, system, ranges = ALL[name]
    integers = to_integers(equations, system)
    circuit, generator = Circuit(), random.Random(0)
    labels = (*integers.states, *integers.inputs, *integers.parameters)
    wires = {label: circuit.variable(label, 30) for label in labels}
    following, output = step(circuit, integers, wires, wires, wires)
    fired = 0
    for _ in range(300):
        states = {label: drawn(generator, system.state(label).bits) for label in integers.states}
        inputs = {label: drawn(generator, 20) for label in integers.inputs}
        parameters = {key: generator.randrange(*ends) for key, ends in ranges.items()}
        expected, spike = evaluate(
            integers,
            GOLDEN,
            *({k: np.int64(v) for k, v in part.items()} for part in (states, inputs, parameters)),
        )
        values = run([*following.values(), output], states | inputs | parameters)
        assert values == [*(int(expected[label]) for label in following), int(spike)]
        fired += values[-1] != 0
    assert 0 < fired < 300


def gates(circuit: Circuit) -> dict[str, Wire]:
    """Return a wire for every kind of gate, on two numbers."""
    a, b = circuit.variable("a", 9), circuit.variable("b", 6)
    less = circuit.less(a, b)
    return {
        "add": circuit.add(a, b),
        "subtract": circuit.subtract(a, b),
        "multiply": circuit.multiply(a, b),
        "multiply by a constant": circuit.multiply(a, circuit.constant(-37)),
        "divide": circuit.divide(a, 7),
        "shift left": circuit.shift_left(a, 3),
        "shift floor": circuit.shift_floor(a, 3),
        "shift floor by more than there is": circuit.shift_floor(a, 20),
        "shift to zero": circuit.shift_to_zero(a, 3),
        "shift back": circuit.shift_to_zero(circuit.shift_left(a, 2), 5),
        "shift partly back": circuit.shift_floor(circuit.shift_left(a, 5), 2),
        "shift partly back to zero": circuit.shift_to_zero(circuit.shift_left(a, 5), 2),
        "and": circuit.bitwise(Gate.BITWISE_AND, a, b),
        "mask": circuit.bitwise(Gate.BITWISE_AND, a, circuit.constant(31)),
        "or": circuit.bitwise(Gate.BITWISE_OR, a, b),
        "xor": circuit.bitwise(Gate.BITWISE_XOR, a, b),
        "low": circuit.low(circuit.multiply(a, b), 7),
        "choose": circuit.choose(less, a, b),
        "choose nothing": circuit.choose(less, a, None),
        "less": less,
        "less equal": circuit.less_equal(a, b),
        "equal": circuit.equal(a, b),
        "not": circuit.negated(less),
        "every": circuit.every([less, circuit.less(b, circuit.constant(4))]),
        "some": circuit.some([less, circuit.less(b, circuit.constant(4))]),
        "within": circuit.within(a, -9, 100),
    }


PYTHON: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "multiply by a constant": lambda a, b: -37 * a,
    "divide": lambda a, b: int(a / 7),
    "shift left": lambda a, b: a * 8,
    "shift floor": lambda a, b: a // 8,
    "shift floor by more than there is": lambda a, b: a // (1 << 20),
    "shift to zero": lambda a, b: int(a / 8),
    "shift back": lambda a, b: int(4 * a / 32),
    "shift partly back": lambda a, b: 8 * a,
    "shift partly back to zero": lambda a, b: 8 * a,
    "and": lambda a, b: a & b,
    "mask": lambda a, b: a % 32,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "low": lambda a, b: (a * b + 64) % 128 - 64,
    "choose": min,
    "choose nothing": lambda a, b: a if a < b else 0,
    "less": lambda a, b: a < b,
    "less equal": lambda a, b: a <= b,
    "equal": lambda a, b: a == b,
    "not": lambda a, b: a >= b,
    "every": lambda a, b: a < b < 4,
    "some": lambda a, b: a < b or b < 4,
    "within": lambda a, b: -9 <= a <= 100,
}


def test_every_gate_computes_as_python_does_and_fits_its_bits() -> None:
    circuit = Circuit()
    wires = gates(circuit)
    assert set(SPELLINGS) <= {wire.gate for each in wires.values() for wire in in_order([each])}
    grid = np.meshgrid(np.arange(-256, 256), np.arange(-32, 32))
    a, b = (np.asarray(axis).reshape(-1) for axis in grid)
    values = run(list(wires.values()), {"a": a, "b": b})
    for (name, wire), actual in zip(wires.items(), values, strict=True):
        pairs = zip(a.tolist(), b.tolist(), strict=True)
        assert np.asarray(actual).tolist() == [PYTHON[name](x, y) for x, y in pairs], name
        if wire.bits:
            assert max(map(bits_of, np.unique(actual).tolist())) <= wire.bits, name


def test_constants_are_folded_to_the_same() -> None:
    circuit, folded = Circuit(), Circuit()
    wires = gates(circuit)
    for x, y in ((-256, 31), (255, -32), (0, 0), (-1, 1), (63, 12)):
        values = run(list(wires.values()), {"a": x, "b": y})
        for wire, value in zip(wires.values(), values, strict=True):
            built: dict[int, Wire] = {}
            for each in in_order([wire]):
                if each.gate == Gate.VARIABLE:
                    built[id(each)] = folded.constant({"a": x, "b": y}[str(each.value)])
                elif each.gate == Gate.CONSTANT:
                    built[id(each)] = each
                else:
                    built[id(each)] = folded.again(each, tuple(built[id(a)] for a in each.args))
            assert built[id(wire)].constant in (None, int(value))


def test_an_operation_is_written_once() -> None:
    circuit = Circuit()
    a = circuit.variable("a", 8)
    assert circuit.add(a, circuit.constant(3)) is circuit.add(a, circuit.constant(3))
    text = script([circuit.less(circuit.multiply(a, a), circuit.multiply(a, a))], ["one\ntwo"])
    assert text.count("bvmul") == 1
    assert text.startswith("; one\n; two\n")
