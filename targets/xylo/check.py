"""Checks of what the chip cannot take, or would compute otherwise, with remedies.

1. A program is a chain of dense layers: hidden neurons, and at the end output neurons.
2. Samples are spikes, or an encoder's whole numbers of 0 to 15, on at most 16 channels.
3. Weights fit 8 bits, times a power of two that all weights of their class share.
4. Neurons are the chip's own, and their parameters fit its registers.
5. No current leaves its 16 bits, since the chip saturates after every event, and a program after
   the events of a step.
6. There is room for it on one of the chips; a chip without room is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from neurodeploy.program import Dense, Integers, Program
from neurodeploy.program.remembered import remembered
from neurodeploy.target import Finding, Severity
from targets.xylo.bounds import bounds_of
from targets.xylo.chain import Layer, channel_events, error, layers_of, warning
from targets.xylo.chips import CHIPS, placement
from targets.xylo.format import (
    CHANNELS,
    LARGEST_WEIGHT_SHIFT,
    MOST_EVENTS,
    SHIFTS,
    THRESHOLDS,
    WEIGHTS,
    XYLO,
    shift_of,
)
from targets.xylo.neuron import HIDDEN, OUTPUT

_OWN = "define them with targets.xylo.neuron.XyloHidden, and the last with XyloOutput"


@remembered
def check(program: Program) -> tuple[Finding, ...]:
    """Return every error and warning of a program."""
    layers = layers_of(program)
    if isinstance(layers, Finding):
        return (layers,)
    findings = [*_input(program), *_neurons(layers), *_weights(layers)]
    if not any(finding.severity == Severity.ERROR for finding in findings):
        findings += [*_currents(layers, channel_events(program)), *_room(layers)]
    return tuple(findings)


def classes_of(layers: list[Layer]) -> dict[str, list[Dense]]:
    """Return the weights of the input, between hidden neurons and to the outputs."""
    first, *others = layers
    inner = [each.forward for each in others[:-1]]
    loops = [each.back for each in layers if each.back is not None]
    return {"in": [first.forward], "rec": [*inner, *loops], "out": [layers[-1].forward]}


def weight_shift(weights: list[Integers]) -> int | None:
    """Return the smallest shift with which all weights fit 8 bits, or None if there is none."""
    for shift in range(LARGEST_WEIGHT_SHIFT + 1):
        if all(((each >> shift) << shift == each).all() for each in weights) and all(
            each.min() >> shift >= WEIGHTS.minimum and each.max() >> shift <= WEIGHTS.maximum
            for each in weights
        ):
            return shift
    return None


def _input(program: Program) -> Iterator[Finding]:
    first = program.input
    if first.shape[0] > CHANNELS:
        words = f"{first.shape[0]} channels are more than the chip's {CHANNELS}"
        yield error(first.name, words, "encode the samples with fewer channels")
    events, encoding = channel_events(program), first.encoding
    if not 1 <= events <= MOST_EVENTS or (encoding is not None and encoding.low < 0):
        words = f"its values are not counts of 0 to {MOST_EVENTS} events"
        yield error(first.name, words, f"use spikes, or quant.InputEncoder(e, 0, {MOST_EVENTS})")


def _neurons(layers: list[Layer]) -> Iterator[Finding]:
    for layer in layers:
        node, last = layer.neuron, layer is layers[-1]
        expected = OUTPUT if last else HIDDEN
        if node.system != XYLO or node.equations != expected:
            words = f"is a {node.equations.name} in {node.system.name}, and the chip has here only"
            yield error(node.name, f"{words} {expected.name} in {XYLO.name}", _OWN)
            continue
        for name in ("current_decay", "voltage_decay"):
            wrong = [int(v) for v in node.parameters[name].reshape(-1) if shift_of(int(v)) is None]
            if wrong:
                words = f"{wrong[0]}/32768 is not 2^-k for a shift k of"
                words += f" {SHIFTS.minimum} to {SHIFTS.maximum}"
                yield error(f"{node.name}.{name}", words, "use decays such as 0.5 or 0.25")
        threshold = node.parameters["threshold"]
        if threshold.min() < THRESHOLDS.minimum or threshold.max() > THRESHOLDS.maximum:
            words = f"is not in {THRESHOLDS.minimum}..{THRESHOLDS.maximum}"
            yield error(f"{node.name}.threshold", words, "scale weights and threshold together")
        if node.parameters["bias"].any():
            words = "is added to the input, where the chip has none"
            yield error(f"{node.name}.bias", words, "use weights without a bias (bias=False)")
        if layer is layers[-1] and layer.back is not None:
            words = "are weights between outputs, which the chip does not connect"
            yield error(layer.back.name, words, "let hidden neurons have the loop")


def _weights(layers: list[Layer]) -> Iterator[Finding]:
    for name, group in classes_of(layers).items():
        for node in group:
            if node.shift or node.accumulator_bits != 32:
                words = "shifts its sums, or adds them up in other than 32 bits"
                yield error(node.name, words, "use plain sums of 32 bits")
        if group and weight_shift([node.weight for node in group]) is None:
            largest = max(group, key=lambda node: int(abs(node.weight).max()))
            words = f"does not fit 8 bits times a power of two that all of weights_{name} share"
            yield error(f"{largest.name}.weight", words, 'train with quant.prepare(target="xylo")')


def _currents(layers: list[Layer], events: int) -> Iterator[Finding]:
    for layer, bound in zip(layers, bounds_of(layers, events), strict=True):
        if len(bound.saturates):
            index = int(bound.saturates[0])
            ends = f"{int(bound.lowest[index])}..{int(bound.highest[index])}"
            words = f"the current of neuron {index} may reach {ends}, beyond 16 bits, where the "
            words += "chip saturates event by event"
            remedy = "use smaller weights, larger current_decay, or higher thresholds before it"
            yield error(layer.neuron.name, words, remedy)
            # What follows reads counts that are bounded by this one.
            return


def _room(layers: list[Layer]) -> Iterator[Finding]:
    """Yield the chips that it does not fit: a warning, or an error if it fits none."""
    placements = [placement(layers, chip) for chip in CHIPS]
    say = warning if any(each.fits for each in placements) else error
    for each in placements:
        for layer, words in each.problems:
            yield say(layer, words, "make the layer smaller, or prune its weights")


def accepted(program: Program) -> list[Layer]:
    """Return the layers of a program that `check` accepts."""
    layers = layers_of(program)
    assert not isinstance(layers, Finding)
    return layers
