"""Programs: checked when they are made, equal by value, and printed so that alike is alike."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import ValidationError
from neurodeploy.program import (
    Conv2d,
    Dense,
    Edge,
    Flatten,
    Input,
    Neuron,
    Node,
    Program,
    Signal,
    dumps,
    neurons_in,
)
from snncore.dynamics import Format, NumberSystem, spike, trace
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI
from tests.unit.programs import SOFT, SYSTEMS, driven, neurons, random_program, small

SEEDS = range(12)


def changed(value: Any) -> Iterator[Any]:
    """Other values of the same kind."""
    if isinstance(value, np.ndarray):
        for index in {0, value.size - 1}:
            other = value.copy()
            other.reshape(-1)[index] += 1
            yield other
    elif isinstance(value, dict):
        for key in value:
            yield from (value | {key: other} for other in changed(value[key]))
    elif isinstance(value, Edge):
        yield replace(value, delay=value.delay + 1)
    elif isinstance(value, Signal):
        yield from set(Signal) - {value}
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            for other in changed(item):
                yield (*value[:index], other, *value[index + 1 :])
    elif isinstance(value, NumberSystem):
        yield replace(value, carrier_bits=value.carrier_bits - 1)
    elif isinstance(value, int):
        yield value + 1


def variants(program: Program) -> Iterator[tuple[str, Program]]:
    """Programs that differ from one in a single number, word or edge."""
    for index, node in enumerate(program.nodes):
        for field in fields(node):
            for other in changed(getattr(node, field.name)):
                try:
                    change = replace(node, **{field.name: other})
                    nodes = (*program.nodes[:index], change, *program.nodes[index + 1 :])
                    yield f"{node.name}.{field.name}", Program(nodes, program.output)
                except ValidationError:
                    continue


def test_any_change_changes_the_text_and_the_digest(full: bool) -> None:
    seen: set[str] = set()
    for seed in SEEDS if full else SEEDS[::2]:
        program = random_program(seed)
        for what, other in variants(program):
            seen.add(what.rpartition(".")[2])
            assert other != program, what
            assert other.text() != program.text(), what
            assert other.sha256 != program.sha256, what
    numbers = {"weight", "stride", "padding", "dilation", "shift", "exponent", "accumulator_bits"}
    assert seen >= numbers | {"inputs", "source", "parameters", "system", "signal", "shape"}


def test_which_layer_has_which_equations_is_in_the_text() -> None:
    _, system, _ = SYSTEMS["soft"]
    other = replace(system, carrier_bits=11)

    def stack(*systems: NumberSystem) -> Program:
        nodes: list[Node] = [Input("in", (2,))]
        for number, each in enumerate(systems):
            edge = (Edge(nodes[-1].name),)
            nodes.append(Neuron(f"n{number}", edge, SOFT, each, {"threshold": np.int64(3)}))
        return Program(tuple(nodes), nodes[-1].name)

    orders = list(product((system, other), repeat=3))
    texts = {stack(*order).text() for order in orders}
    assert len(texts) == len(orders)


@pytest.mark.parametrize("seed", SEEDS)
def test_equal_programs_are_written_alike(seed: int) -> None:
    first, second = random_program(seed), random_program(seed)
    assert first == second
    assert hash(first) == hash(second)
    assert (first.text(), first.sha256) == (second.text(), second.sha256)
    assert first != random_program(seed + 100)


def test_the_digest_of_a_program_stays_what_it_is() -> None:
    # Artifacts that exist hold it.
    assert small().sha256 == "7c9868074d8cf9e7f6c4b624947f81a770e5d406a8acc5ee781dac42cc6543f9"


def test_one_value_for_all_neurons_is_written_once() -> None:
    spread = driven((2, 1, 1), threshold=np.full((2, 1, 1), 7))
    assert spread == driven((2, 1, 1), threshold=7)
    assert spread.layers[0].parameters["threshold"].shape == ()


def test_numbers_are_int64_and_cannot_be_changed() -> None:
    weight = np.array([[1.0, 2.0]])
    node = Dense("d", Edge("in"), weight)
    assert node.weight.dtype == np.int64
    weight[:] = 9
    assert node.weight.tolist() == [[1, 2]]
    with pytest.raises(ValueError, match="read-only"):
        node.weight[0, 0] = 3


def test_what_a_program_knows_of_itself() -> None:
    program = next(p for p in map(random_program, range(99)) if len(p.layers) == 3)
    assert [node.name for node in program.layers] == ["layer0", "layer1", "layer2"]
    assert program.input is program.nodes[0]
    sizes = [np.prod(program.shapes[layer.name]) for layer in program.layers]
    assert neurons_in(program) == sum(sizes)
    weights = sum(node.weight.size for node in program.synapses)
    assert program.parameter_count() == weights > 0


def chain(*nodes: Node, shape: tuple[int, ...] = (2,)) -> Callable[[], Program]:
    return lambda: Program((Input("in", shape), *nodes), nodes[-1].name)


def dense(name: str = "d", source: str = "in", **options: Any) -> Dense:
    return Dense(name, Edge(source), **({"weight": np.eye(2, dtype=int)} | options))


def conv(**options: Any) -> Conv2d:
    kernel = np.ones((2, 1, 2, 2), dtype=int)
    return Conv2d("c", Edge("in"), **({"weight": kernel} | options))


def two_inputs(v: Any, x: Any, y: Any) -> Any:
    return v + x + y, spike(v)


TWO = trace(two_inputs, states=("v",), parameters=(), name="Two")
ONE_STATE = NumberSystem("one", (("v", Format(8, 0)),), ())
HALF = np.full((2, 2), 0.5)
WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "a name twice": (chain(dense(), dense()), "d: two nodes have this name"),
    "no output": (lambda: Program((Input("in", (2,)),), "x"), "output x is not a node"),
    "no input": (lambda: Program((neurons("n", Edge("n", 1)),), "n"), "known shape|needs an input"),
    "no shape": (lambda: Input("in", ()), r"in: \(\) is not the shape"),
    "a length of zero": (lambda: Input("in", (2, 0)), "not the shape"),
    "a length that is none": (lambda: Input("in", (2.5,)), "not the shape"),
    "an unknown source": (chain(dense(source="x")), "d: reads x, which is not a node"),
    "a cycle without a delay": (
        chain(dense("d", "n"), neurons("n", "d")),
        "d: reads n in the step that computes it .*delay of at least one step",
    ),
    "itself without a delay": (chain(neurons("n", "n")), "n: reads n in the step"),
    "a delay backwards": (lambda: Edge("in", -1), "goes 1 steps back"),
    "half a weight": (lambda: dense(weight=HALF), "d.weight: a value is not an integer"),
    "a NaN weight": (lambda: dense(weight=HALF * np.nan), "d.weight: a value is NaN"),
    "an endless weight": (lambda: conv(weight=np.full((1, 1, 1, 1), np.inf)), "c.weight: .*inf"),
    "a weight of text": (lambda: dense(weight=[["1"]]), "d.weight: <U1 is not an integer type"),
    "a weight beyond 62 bits": (lambda: dense(weight=[[1 << 62]]), "d.weight: .*62 bits"),
    "weights of one axis": (lambda: dense(weight=[1, 2]), "d.weight: 1 axes instead of 2"),
    "a kernel of two axes": (lambda: conv(weight=[[1]]), "c.weight: 2 axes instead of 4"),
    "a shift backwards": (lambda: dense(shift=-1), "d.shift: -1 is not in"),
    "a sum of one bit": (lambda: dense(accumulator_bits=1), "d.accumulator_bits: 1"),
    "a sum of 63 bits": (lambda: conv(accumulator_bits=63), "c.accumulator_bits: 63"),
    "a scale beyond floats": (lambda: dense(exponent=2000), "d.exponent: 2000"),
    "half an exponent": (lambda: dense(exponent=0.5), "d.exponent: 0.5"),
    "a stride of zero": (lambda: conv(stride=(0, 1)), r"c.stride: \(0, 1\) is not two integers"),
    "one padding": (lambda: conv(padding=(1,)), "c.padding"),
    "a negative padding": (lambda: conv(padding=(-1, 0)), "c.padding"),
    "half a dilation": (lambda: conv(dilation=(1, 1.5)), "c.dilation"),
    "groups that do not divide": (lambda: conv(groups=3), "c.groups: 3 does not divide"),
    "no groups": (lambda: conv(groups=0), "c.groups: 0"),
    "another width": (chain(dense(weight=np.ones((1, 3)))), r"d: takes 3 inputs and is given \(2,"),
    "an image into dense weights": (
        chain(dense(weight=np.ones((1, 4))), shape=(1, 2, 2)),
        "d: takes 4 inputs .*put a Flatten before it",
    ),
    "a vector into a kernel": (chain(conv()), r"c: takes \(1, H, W\) and is given \(2,\)"),
    "other channels": (chain(conv(), shape=(3, 4, 4)), r"c: takes \(1, H, W\)"),
    "a kernel larger than its image": (chain(conv(), shape=(1, 1, 5)), "window .* is larger than"),
    "unlike shapes added": (
        chain(dense(), dense("e", weight=np.ones((3, 2))), neurons("n", "d", "e")),
        r"n: adds inputs of unlike shapes \[\(2,\), \(3,\)\]",
    ),
    "a loop of another shape": (
        chain(dense("e", "f", weight=[[1]]), neurons("n", Edge("f", 1)), dense("f", "n")),
        "e|f",
    ),
    "parameters of another shape": (
        lambda: driven((3,), threshold=[1, 2]),
        r"n.threshold: \(2,\) does not fit the layer's \(3,\)",
    ),
    "a parameter larger than the layer": (
        lambda: driven((3,), threshold=[[1, 2, 3], [4, 5, 6]]),
        r"n.threshold: \(2, 3\) does not fit",
    ),
    "neurons without an input": (lambda: neurons("n"), "n: a neuron layer without an input"),
    "a parameter too many": (lambda: neurons("n", "in", tau=1), r"do not match: \['tau'\]"),
    "half a threshold": (lambda: neurons("n", "in", threshold=0.5), "n.threshold: a value is not"),
    "two inputs of a neuron": (
        lambda: Neuron("n", (Edge("in"),), TWO, ONE_STATE),
        "n: Two has 2 inputs",
    ),
    "equations that have no integers": (
        lambda: Neuron(
            "n", (Edge("in"),), CUBA_LIF, ONE_STATE, dict(neurons("n", "in").parameters)
        ),
        "n: the number system one has no",
    ),
    "a node that is none": (
        lambda: Program((Input("in", (2,)), Edge("in")), "in"),
        "Edge is not a n",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_program_says_why(name: str) -> None:
    make, words = WRONG[name]
    with pytest.raises(ValidationError, match=words):
        make()


def test_a_loop_knows_the_shape_of_what_stands_behind_it() -> None:
    program = chain(dense("own", "n"), neurons("n", "in", "own"))
    with pytest.raises(ValidationError, match="step that computes it"):
        program()
    looped = chain(replace(dense("own"), source=Edge("n", 2)), neurons("n", "in", "own"))()
    assert looped.shapes == {"in": (2,), "own": (2,), "n": (2,)}
    flat = chain(neurons("n", "in", Edge("f", 1)), Flatten("f", Edge("n")))()
    assert flat.shapes["f"] == (2,)


def test_a_node_is_equal_by_its_values_and_its_kind() -> None:
    assert dense() == dense()
    assert dense() != dense(weight=[[1, 0], [0, 2]])
    assert dense() != dense(weight=[[1, 0]])
    assert Flatten("d", Edge("in")) != dense()
    assert driven().layers[0].system == LOIHI
    assert dumps(driven()) == dumps(driven())


def test_delays_are_one_for_each_weight() -> None:
    late = np.array([[0, 2], [2, 5]])
    node = Dense("d", Edge("in", 1), np.array([[4, 5], [6, 7]]), delays=late)
    assert [(edge.delay, weight.tolist()) for edge, weight in node.delayed_weights] == [
        (1, [[4, 0], [0, 0]]),
        (3, [[0, 5], [6, 0]]),
        (6, [[0, 0], [0, 7]]),
    ]
    assert Dense("d", Edge("in"), late, delays=np.zeros((2, 2))) == Dense("d", Edge("in"), late)
    with pytest.raises(ValidationError, match=r"d\.delays: 1 axes instead of 2"):
        Dense("d", Edge("in"), late, delays=np.array([1, 2]))
    with pytest.raises(ValidationError, match=r"d\.delays: -3 steps are before the spike"):
        Dense("d", Edge("in"), late, delays=-late // 2)


def test_what_sends_numbers_is_graded() -> None:
    def step(v: Any, x: Any) -> Any:
        return v + x, v + x

    equations = trace(step, states=("v",), parameters=(), name="Sum")
    adds = Neuron("n", (Edge("in"),), equations, replace(LOIHI, states=(("v", Format(24, 0)),)), {})
    assert adds.graded
    assert not small().layers[0].graded
