"""Every rule of `check`: what breaks it is named, with its place, the number and the remedy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import Dense, Edge, Flatten, Input, Node, Program, Signal
from neurodeploy.target import Finding, Severity
from snncore.dynamics import Equations, Format, NumberSystem, Op
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.target import target
from tests.unit.targets.loihi.programs import KERNEL, conv, dense, driven, network, neuron


def chain(*nodes: Node, output: str | None = None) -> Program:
    """Return nodes behind an input of two."""
    return Program((Input("input", (2,)), *nodes), output or nodes[-1].name)


def synapse(name: str, source: str, inputs: int = 2) -> Dense:
    """Return synapses with two outputs."""
    return Dense(name, Edge(source), np.arange(1, 2 * inputs + 1).reshape(2, inputs) - 3)


def looped() -> Program:
    first = replace(neuron("n", "a"), inputs=(Edge("a"), Edge("b", 1)))
    return chain(synapse("a", "input"), first, synapse("b", "n"), output="n")


def other_equations() -> Equations:
    operations = CUBA_LIF.operations
    # Fires at the threshold, not beyond it.
    reached = [replace(o, attribute=False) if o.op == Op.SPIKE else o for o in operations]
    return replace(CUBA_LIF, operations=tuple(reached))


def other_system() -> NumberSystem:
    loihi = neuron("n", "a").system
    return replace(loihi, states=(("u", Format(24, 6)), loihi.states[1]))


def into(shape: tuple[int, ...], *nodes: Node, signal: Signal = Signal.SPIKES) -> Program:
    return Program((Input("input", shape, signal), *nodes), nodes[-1].name)


# What breaks a rule, where, and in which words; the remedy's after them.
CHAINS: dict[str, tuple[Program, str, str]] = {
    "two inputs": (
        chain(Input("other", (2,)), synapse("a", "input"), neuron("n", "a")),
        "input",
        "one input",
    ),
    "an addition": (looped(), "n", "adds a and b; .* without branches"),
    "a skipped layer": (
        chain(synapse("a", "input"), neuron("n", "a"), synapse("b", "input"), neuron("m", "b")),
        "b",
        "reads input; .* without branches",
    ),
    "a delay": (
        chain(synapse("a", "input"), replace(neuron("n", "a"), inputs=(Edge("a", 3),))),
        "n",
        "reads a 3 steps late",
    ),
    "weights after weights": (
        chain(synapse("a", "input"), synapse("b", "a"), neuron("n", "b")),
        "b",
        "weights, then neurons",
    ),
    "neurons after neurons": (
        chain(synapse("a", "input"), neuron("n", "a"), neuron("m", "n")),
        "m",
        "weights, then neurons",
    ),
    "neurons at the input": (chain(neuron("n", "input")), "n", "weights, then neurons"),
    "weights at the end": (
        chain(synapse("a", "input"), neuron("n", "a"), synapse("b", "n")),
        "b",
        "the last layer .* has neurons",
    ),
    "nothing but an input": (Program((Input("input", (2,)),), "input"), "input", "has neurons"),
    "an output on the way": (
        chain(
            synapse("a", "input"), neuron("n", "a"), synapse("b", "n"), neuron("m", "b"), output="n"
        ),
        "n",
        "the output .* is its last layer",
    ),
    "a flatten of a vector": (
        chain(Flatten("f", Edge("input")), synapse("a", "f"), neuron("n", "a")),
        "f",
        "flattens something other than an image",
    ),
    "weights on currents": (
        into((2,), synapse("a", "input"), neuron("n", "a"), signal=Signal.CURRENT),
        "a",
        "weighs currents",
    ),
}

REGISTERS: dict[str, tuple[Program, str, str, str]] = {
    "threshold below": (dense(threshold=-1), "fc.threshold", "-1 is not in 0..131071", "scale"),
    "threshold above": (dense(threshold=1 << 17), "fc.threshold", "131072 is not in", "scale"),
    "one threshold of three": (dense(threshold=[1, 200_000, 3]), "fc.threshold", "200000", "scale"),
    "current decay below": (
        dense(current_decay=-1),
        "fc.current_decay",
        r"-1 is not in 0\.\.4096",
        "between 0 and 1",
    ),
    "voltage decay above": (
        conv(voltage_decay=4097),
        "conv.voltage_decay",
        r"4097 is not in 0\.\.4096",
        "between 0 and 1",
    ),
    "bias below": (dense(bias=-4097), "fc.bias", r"-4097 is not in -4096\.\.4095", "scale"),
    "bias above": (conv(bias=[[[0]], [[4096]]]), "conv.bias", "4096 is not in", "scale"),
    "a decay for each row": (
        conv(current_decay=np.arange(6).reshape(2, 3, 1)),
        "conv.current_decay",
        r"\(2, 3, 1\) values for a layer of \(2, 3, 2\)",
        "one a channel or one a neuron",
    ),
    "a threshold for each column": (
        conv(threshold=[1, 2]),
        "conv.threshold",
        r"\(2,\) values for a layer of \(2, 3, 2\)",
        "one a channel or one a neuron",
    ),
    "a bias for each column": (
        conv(bias=[[[1, 2]]]),
        "conv.bias",
        r"\(1, 1, 2\) values for a layer of \(2, 3, 2\)",
        "one a channel or one a neuron",
    ),
    "unlike biases of neurons that currents drive": (
        driven(bias=[5, 5, 6]),
        "in.bias",
        "have one bias for all of them",
        "add what differs to the currents",
    ),
    "other equations": (
        dense(equations=other_equations()),
        "fc",
        "CUBA LIF",
        "quant.CubaLIF",
    ),
    "another number system": (dense(system=other_system()), "fc", "CUBA LIF", "quant.CubaLIF"),
}

WEIGHTS: dict[str, tuple[Program, str, str, str]] = {
    "all 0": (dense([[0, 0]]), "fc.synapse.weight", "every weight is 0", "keep one weight"),
    "mixed above": (
        dense([[2, -4], [6, 256]]),
        r"fc.synapse.weight[1, 1]",
        r"256 does not fit -256\.\.254",
        "by 1/2",
    ),
    "mixed below": (dense([[2, -258]]), "fc.synapse.weight[0, 1]", "-258 does not fit", "by 1/2"),
    "positive above": (
        dense([[2, 256]]),
        "fc.synapse.weight[0, 1]",
        r"256 does not fit -255\.\.255",
        "by 1/2",
    ),
    "negative below": (
        conv(-(KERNEL // 2 + 8 + 221)),
        "conv.synapse.weight[1, 1, 2, 2]",
        r"-255\.\.255",
        "by 1/2",
    ),
    "a negative power of two": (
        dense([[-2, -8], [-6, -4]]),
        "fc.synapse.weight[0, 1]",
        "the loader would make -8 into -6, .* the lowest is -8",
        "make a weight positive",
    ),
    "zeros and an odd weight below -128": (
        dense([[0, -129], [-4, 0]]),
        "fc.synapse.weight[0, 1]",
        "the loader would make -129 into 0, .* the lowest is -129",
        "make a weight positive",
    ),
    "a shift": (dense(shift=3), "fc.synapse", "shifted by 3 bits", "retrain"),
    "a dense sum of 24 bits": (
        dense(accumulator_bits=24),
        "fc.synapse",
        "sums of 24 bits, not 32",
        "retrain",
    ),
    "a convolution's sum of 32 bits": (
        conv(accumulator_bits=32),
        "conv.synapse",
        "sums of 32 bits, not 24",
        "retrain",
    ),
}


def wide(**fields: Any) -> Program:
    """Return a convolution of an image that is large enough for any geometry."""
    weight = np.array([2, -4]).reshape(1, 1, 1, 2)
    return conv(weight, (1, 260, 260), **fields)


GEOMETRY: dict[str, tuple[Program, str, str]] = {
    "groups": (
        conv(np.full((128, 1, 1, 1), 2), (128, 2, 2), groups=128),
        "conv.synapse.groups",
        "128 groups; beyond 127",
    ),
    "stride": (wide(stride=(1, 128)), "conv.synapse.stride", r"\(1, 128\) does not fit 8 bits"),
    "padding": (wide(padding=(130, 0)), "conv.synapse.padding", r"\(130, 0\) does not fit"),
    "dilation": (wide(dilation=(1, 200)), "conv.synapse.dilation", r"\(1, 200\) does not fit"),
    "kernel": (
        conv(np.full((1, 1, 128, 1), 2), (1, 130, 2)),
        "conv.synapse.kernel",
        r"\(128, 1\) does not fit",
    ),
}


def only(program: Program, severity: Severity = Severity.ERROR) -> Finding:
    """Return the one finding that a program has."""
    (finding,) = target.check(program)
    assert finding.severity == severity
    return finding


@pytest.mark.parametrize("name", CHAINS)
def test_what_is_no_chain_is_refused(name: str) -> None:
    program, node, words = CHAINS[name]
    finding = only(program)
    assert finding.node == node
    assert finding.remedy is not None
    with pytest.raises(DoesNotFitError, match=words):
        target.compile(program)


@pytest.mark.parametrize("name", [*REGISTERS, *WEIGHTS])
def test_what_no_register_or_loader_takes_is_refused(name: str) -> None:
    program, node, words, remedy = (REGISTERS | WEIGHTS)[name]
    finding = only(program)
    assert finding.node == node
    assert finding.remedy is not None
    assert remedy in finding.remedy
    with pytest.raises(DoesNotFitError, match=words):
        target.compile(program)


@pytest.mark.parametrize("name", GEOMETRY)
def test_geometry_beyond_eight_bits_is_refused(name: str) -> None:
    program, node, words = GEOMETRY[name]
    finding = only(program)
    assert finding.node == node
    assert finding.remedy
    with pytest.raises(DoesNotFitError, match=words):
        target.compile(program)


def test_an_input_is_a_vector_or_an_image() -> None:
    finding = only(driven((2, 3), threshold=5))
    assert finding.node == "input"
    assert "(2, 3) is neither (N,) nor (C, H, W)" in finding.message


def test_a_layer_without_weights_is_refused() -> None:
    finding = only(dense(np.zeros((0, 2))))
    assert (finding.node, finding.message) == ("fc.synapse.weight", "there are none")


def test_every_error_is_listed_at_once() -> None:
    program = dense([[2, 300]], threshold=-1, bias=9999)
    places = ["fc.synapse.weight[0, 1]", "fc.threshold", "fc.bias"]
    assert [finding.node for finding in target.check(program)] == places
    with pytest.raises(DoesNotFitError) as caught:
        target.compile(program)
    assert all(node in str(caught.value) for node in places)


def test_neurons_of_another_name_and_the_same_computation_fit() -> None:
    assert target.check(dense(equations=replace(CUBA_LIF, name="Mine"))) == ()


@pytest.mark.parametrize(
    "program",
    [
        dense([[255, 0], [1, 3]]),
        dense([[-254, -2], [-4, -6]]),
        dense([[-255, -1]]),
        dense([[-256, 254]]),
        dense([[1, 0]]),
        conv(KERNEL * 0),
        conv(-np.abs(KERNEL) - 64),
        conv(np.full((127, 1, 1, 1), 254), (127, 2, 2), groups=127),
        wide(padding=(127, 127), dilation=(1, 127), stride=(127, 127)),
        dense(threshold=131071, bias=-4096, current_decay=0, voltage_decay=4096),
        network(),
    ],
)
def test_what_is_at_its_limit_fits(program: Program) -> None:
    assert [
        finding for finding in target.check(program) if finding.severity == Severity.ERROR
    ] == []
    target.compile(program)


def test_nine_bit_weights_are_a_warning() -> None:
    finding = only(dense([[253, -2]]), Severity.WARNING)
    assert finding.node == "fc.synapse.weight"
    assert "nine bits" in finding.message
    assert finding.remedy is not None
    assert "even" in finding.remedy


def test_what_may_wrap_or_saturate_is_a_warning_that_says_how_far() -> None:
    weight = np.full((1, 40, 30, 30), 254)
    program = conv(weight, (40, 30, 30), current_decay=0, voltage_decay=0)
    findings = {finding.message.split()[1]: finding for finding in target.check(program)}
    # So many inputs of one neuron are too many for the smaller chip as well.
    assert set(findings) == {"sum", "current", "voltage", "neuron"}
    assert all(finding.severity == Severity.WARNING for finding in findings.values())
    assert f"may reach {254 * 36_000}, beyond 24 bits" in findings["sum"].message
    assert "beyond 2^23, and wraps" in findings["current"].message
    assert "beyond 2^23, and saturates" in findings["voltage"].message
    assert all(finding.remedy for finding in findings.values())


def test_what_cannot_wrap_is_no_warning() -> None:
    assert target.check(dense(current_decay=4096, voltage_decay=2048)) == ()
