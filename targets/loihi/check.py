"""What the chip or its loader would not take, change, drop or ignore: an error, with the remedy.

1. The program is a chain of weights and CUBA LIF neurons in Loihi's number system.
2. Every weight reaches the simulation as it stands (`loader` knows what the loader changes).
3. Geometry fits the 8-bit fields that the simulation keeps it in.
4. Thresholds, biases and decays fit the chip's registers.
5. There is room for it on the cores of one of the chips.
Warnings: what may wrap or saturate for some input, weights of nine bits, a chip without room.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.program import Conv2d, Dense, Integers, Neuron, Program, Signal, Synapse
from neurodeploy.program.ranges import ranges, sum_range
from neurodeploy.target import Finding, Severity
from snncore.dynamics import LOIHI, Op
from snncore.dynamics.interval import ZERO, Interval
from snncore.dynamics.simplify import leaves_format
from snncore.dynamics.zoo import CUBA_LIF
from targets.loihi.chain import ChainLayer, chain_of
from targets.loihi.chips import CHIPS
from targets.loihi.loader import LARGEST_GEOMETRY, loaded_weights
from targets.loihi.placement import placement

_WEIGHTS = Interval(-256, 254)
_ONE_SIGN = Interval(-255, 255)
_REGISTERS = {
    "threshold": Interval(0, (1 << 17) - 1),
    "current_decay": Interval(0, 4096),
    "voltage_decay": Interval(0, 4096),
    "bias": Interval(-(1 << 12), (1 << 12) - 1),
}


def check(program: Program) -> tuple[Finding, ...]:
    """Every error and warning of a program, in the order of its layers."""
    chain = chain_of(program)
    if isinstance(chain, Finding):
        return (chain,)
    findings = list(_input(program))
    for layer in chain.layers:
        findings += [*_synapse(layer.synapse), *_neuron(layer, program)]
    if not any(finding.severity == Severity.ERROR for finding in findings):
        findings += [*_ranges(program), *_room(program)]
    return tuple(findings)


def _room(program: Program) -> Iterator[Finding]:
    """Which chips have no room for it: a warning, or an error where none has."""
    placements = [placement(program, chip) for chip in CHIPS]
    say = _warning if any(each.fits for each in placements) else _error
    for each in placements:
        for layer, words in each.problems:
            yield say(layer, words, "make the layer smaller, or prune its weights")


def _input(program: Program) -> Iterator[Finding]:
    if len(program.input.shape) not in (1, 3):
        shape = program.input.shape
        yield _error(program.input.name, f"{shape} is neither (N,) nor (C, H, W)", "reshape it")


def _synapse(node: Synapse | None) -> Iterator[Finding]:
    if node is None:
        return
    if isinstance(node, Conv2d):
        yield from _geometry(node)
    elif node.shift:
        yield _error(
            node.name, f"its sums are shifted by {node.shift} bits, which no field says", "retrain"
        )
    expected = 32 if isinstance(node, Dense) else 24
    if node.accumulator_bits != expected:
        yield _error(node.name, f"sums of {node.accumulator_bits} bits, not {expected}", "retrain")
    yield from _weights(node)


def _weights(node: Synapse) -> Iterator[Finding]:
    name, weight = f"{node.name}.weight", node.weight
    if weight.size == 0:
        yield _error(name, "there are none", "give the layer an input and an output")
        return
    low, high = int(weight.min()), int(weight.max())
    if low == 0 == high and isinstance(node, Dense):
        remedy = "train the layer, prune it from the network, or keep one weight"
        yield _error(name, "every weight is 0, which the loader cannot load", remedy)
        return
    one_sign = low >= 0 or high <= 0
    limits = _ONE_SIGN if one_sign else _WEIGHTS
    outside = (weight < limits.low) | (weight > limits.high)
    if outside.any():
        value = int(weight[tuple(np.argwhere(outside)[0])])
        place = _place(name, np.argwhere(outside)[0])
        remedy = "use quant layers, clamp the weights, or scale weights and threshold by 1/2"
        yield _error(place, f"{value} does not fit {limits.low}..{limits.high} of 8 bits", remedy)
        return
    if isinstance(node, Dense):
        yield from _changed(node.weight, name)
    if not one_sign and (weight & 1).any() and max(-low - 1, high) > 127:
        message = "odd weights beyond 127 need nine bits: the simulation has them, the chip has not"
        yield _warning(name, message, "use quant layers, whose weights are even")


def _changed(weight: Integers, name: str) -> Iterator[Finding]:
    """Weights that the loader would change without a word."""
    loaded = loaded_weights(weight)
    if loaded is None or (loaded.shift == 0 and (loaded.weight == weight).all()):
        return
    effective = loaded.weight / 2.0**loaded.shift
    index = np.argwhere(effective != weight)[0]
    place, value = _place(name, index), int(weight[tuple(index)])
    yield _error(
        place,
        f"the loader would make {value} into {effective[tuple(index)]:g}, since no weight of the "
        f"layer is positive and the lowest is {int(weight.min())}",
        "make a weight positive, or the weights even and the lowest no power of two",
    )


def _geometry(node: Conv2d) -> Iterator[Finding]:
    if node.groups > LARGEST_GEOMETRY:
        yield _error(
            f"{node.name}.groups",
            f"{node.groups} groups; beyond {LARGEST_GEOMETRY} the simulation computes zeros",
            "split the layer, or use fewer channels before a pool",
        )
    fields = {
        "stride": node.stride,
        "padding": node.padding,
        "dilation": node.dilation,
        "kernel": (node.weight.shape[2], node.weight.shape[3]),
    }
    for key, pair in fields.items():
        if max(pair) > LARGEST_GEOMETRY:
            yield _error(
                f"{node.name}.{key}", f"{pair} does not fit 8 bits with a sign", "make it smaller"
            )


def _neuron(layer: ChainLayer, program: Program) -> Iterator[Finding]:
    node = layer.neuron
    if not node.equations.same_computation(CUBA_LIF) or node.system != LOIHI:
        remedy = "use quant.CubaLIF, of which IF and LIF are special cases"
        found = f"{node.equations.name} in the number system {node.system.name}"
        yield _error(node.name, f"Loihi's neuron is CUBA LIF, and this is {found}", remedy)
        return
    shape = program.shapes[node.name]
    for key, limits in _REGISTERS.items():
        values = node.parameters[key]
        yield from _register(f"{node.name}.{key}", values, limits, key)
        channels = (shape[0], *[1] * (len(shape) - 1))
        if values.size == 1 or values.shape == channels:
            continue
        if key != "bias" or values.shape != shape:
            yield _error(
                f"{node.name}.{key}",
                f"{values.shape} values for a layer of {shape}",
                f"give one value, one a channel{' or one a neuron' if key == 'bias' else ''}",
            )
    if layer.synapse is None and node.parameters["bias"].any():
        message = "the loader ignores the bias of neurons that are driven by currents"
        yield _error(f"{node.name}.bias", message, "add it to the currents, or set it to 0")


def _register(name: str, values: Integers, limits: Interval, key: str) -> Iterator[Finding]:
    low, high = int(values.min()), int(values.max())
    if limits.low <= low and high <= limits.high:
        return
    value = low if low < limits.low else high
    remedy = "scale weights, threshold and bias down by a power of two"
    if key.endswith("decay"):
        remedy = "a decay lies between 0 and 1"
    yield _error(name, f"{value} is not in {limits.low}..{limits.high} of the chip", remedy)


def _ranges(program: Program) -> Iterator[Finding]:
    if program.input.signal == Signal.CURRENT:
        return
    proved = ranges(program)
    for node in program.nodes:
        if isinstance(node, Conv2d):
            total = sum_range(node, proved.values[node.source.source].hull(ZERO))
            if total.wrapped(node.accumulator_bits) != total:
                text = f"a sum may reach {total.largest()}, beyond 24 bits, and wraps"
                yield _warning(node.name, text, "use smaller weights or kernels")
        if isinstance(node, Neuron):
            equations = node.integer_equations
            bounds = proved.layers[node.name].operations
            current = leaves_format(equations, bounds, Op.WRAP_ONCE)
            if current is not None:
                text = f"the current may reach {current.largest()}, beyond 2^23, and wraps"
                yield _warning(node.name, text, "raise the current's decay, or scale weights down")
            voltage = leaves_format(equations, bounds, Op.CLIP)
            if voltage is not None:
                text = f"the voltage may reach {voltage.largest()}, beyond 2^23, and saturates"
                yield _warning(node.name, text, "raise the voltage's decay, or scale weights down")


def _place(name: str, index: Integers) -> str:
    return f"{name}[{', '.join(str(int(i)) for i in index)}]"


def _error(node: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR, node, message, remedy)


def _warning(node: str, message: str, remedy: str) -> Finding:
    return Finding(Severity.WARNING, node, message, remedy)
