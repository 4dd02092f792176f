"""What the chip or its loader would not take, change, drop or ignore: an error, with the remedy.

1. The program is a chain of weights and neurons, CUBA LIF, sigma-delta or resonators, in
   Loihi's numbers.
2. Every weight reaches the simulation as it stands (`loader` knows what the loader changes).
3. Geometry fits the 8-bit fields that the simulation keeps it in.
4. Thresholds, biases and decays fit the chip's registers.
5. There is room for it on the cores of one of the chips.
Warnings: what may wrap or saturate for some input, weights of nine bits, a chip without room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from neurodeploy.data.network.dispatch import Table
from neurodeploy.program import (
    Conv2d,
    Dense,
    Flatten,
    Input,
    Integers,
    Neuron,
    Node,
    Program,
    Signal,
    Synapse,
)
from neurodeploy.program.ranges import Ranges, ranges
from neurodeploy.target import Finding, Severity
from snncore.dynamics import Op
from snncore.dynamics.arithmetic.interval import ZERO, Interval
from snncore.dynamics.rewriting.simplify import leaves_format
from targets.loihi.check_weights import weight_findings
from targets.loihi.chip.chips import CHIPS
from targets.loihi.chip.placement import placement
from targets.loihi.file import resonators, sigma_delta
from targets.loihi.file.chain import Chain, ChainLayer, chain_of, takes_numbers
from targets.loihi.file.loader import LARGEST_GEOMETRY, LONGEST_DELAY
from targets.loihi.file.neurons import adds_up, driven_by, is_lif
from targets.loihi.findings import error, place_of, warning

_REGISTERS = {
    "threshold": Interval(0, (1 << 17) - 1),
    "current_decay": Interval(0, 4096),
    "voltage_decay": Interval(0, 4096),
    "bias": Interval(-(1 << 12), (1 << 12) - 1),
    "gain": Interval(-(1 << 15), (1 << 15) - 1),
}


def check(program: Program) -> tuple[Finding, ...]:
    """Every error and warning of a program, in the order of its layers."""
    chain = chain_of(program)
    if isinstance(chain, Finding):
        return (chain,)
    findings = list(_input(program, chain))
    bits = sigma_delta.spike_exp(chain)
    for layer in chain.layers:
        findings += _synapses(layer)
        if sigma_delta.kind_of(layer.neuron) is not None:
            numbers = takes_numbers(program, layer)
            findings += sigma_delta.findings(layer, bits, numbers=numbers)
        elif resonators.kind_of(layer.neuron) is not None:
            weights = [node for node in layer.weights if isinstance(node, Dense)]
            shape = program.shapes[layer.neuron.name]
            findings += resonators.findings(layer.neuron, weights, shape)
        else:
            findings += _neuron(layer, program)
    if not any(finding.severity == Severity.ERROR for finding in findings):
        findings += [*_ranges(program), *_room(program)]
    return tuple(findings)


def _room(program: Program) -> Iterator[Finding]:
    """Which chips have no room for it: a warning, or an error where none has."""
    placements = [placement(program, chip) for chip in CHIPS]
    say = warning if any(each.fits for each in placements) else error
    for each in placements:
        for layer, words in each.problems:
            yield say(layer, words, "make the layer smaller, or prune its weights")


def _input(program: Program, chain: Chain) -> Iterator[Finding]:
    shape = program.input.shape
    if len(shape) not in (1, 3) and chain.layers[0].flatten is None:
        yield error(program.input.name, f"{shape} is neither (N,) nor (C, H, W)", "reshape it")


def _synapses(layer: ChainLayer) -> Iterator[Finding]:
    """What is wrong about a layer's weights; a recurrent layer's two are judged together."""
    nodes = layer.weights
    for node in nodes:
        yield from _WEIGHTS(node)
    if layer.imaginary is not None:
        # The loader takes the two parts for two layers.
        for node in nodes:
            yield from weight_findings([node])
        return
    yield from _delays(nodes)
    if nodes:
        yield from weight_findings(nodes)


def _delays(nodes: Sequence[Synapse]) -> Iterator[Finding]:
    for node in nodes:
        if not isinstance(node, Dense) or node.delays is None:
            continue
        if len(nodes) > 1:
            message = "the loader loses the scale of a recurrent layer's weights that have delays"
            yield error(f"{node.name}.delays", message, "leave the delays out, or the recurrence")
            return
        longest = int(node.delays.max())
        if longest > LONGEST_DELAY:
            where = np.argwhere(node.delays == longest)[0]
            message = f"{longest} steps are more than the {LONGEST_DELAY} that the chip waits"
            yield error(place_of(f"{node.name}.delays", where), message, "use shorter delays")


# Yield the findings about weights alone.
_WEIGHTS = Table[[], Iterator[Finding]]("the check of weights for Loihi")


@_WEIGHTS.register(Dense)
def _dense(node: Dense) -> Iterator[Finding]:
    if node.shift:
        words = f"its sums are shifted by {node.shift} bits, which no field says"
        yield error(node.name, words, "retrain")
    yield from _width(node, 32)


@_WEIGHTS.register(Conv2d)
def _kernel(node: Conv2d) -> Iterator[Finding]:
    yield from _geometry(node)
    yield from _width(node, 24)


def _width(node: Synapse, bits: int) -> Iterator[Finding]:
    if node.accumulator_bits != bits:
        yield error(node.name, f"sums of {node.accumulator_bits} bits, not {bits}", "retrain")


def _geometry(node: Conv2d) -> Iterator[Finding]:
    if node.groups > LARGEST_GEOMETRY:
        yield error(
            f"{node.name}.groups",
            f"{node.groups} groups; beyond {LARGEST_GEOMETRY} the simulation computes zeros",
            "split the layer, or use fewer channels before a pool",
        )
    fields = {
        "stride": node.stride,
        "padding": node.padding,
        "dilation": node.dilation,
        "kernel": node.kernel,
    }
    for key, pair in fields.items():
        if max(pair) > LARGEST_GEOMETRY:
            yield error(
                f"{node.name}.{key}", f"{pair} does not fit 8 bits with a sign", "make it smaller"
            )


def _neuron(layer: ChainLayer, program: Program) -> Iterator[Finding]:
    node = layer.neuron
    if not is_lif(node):
        remedy = "use quant.CubaLIF, of which IF and LIF are special cases"
        found = f"{node.equations.name} in the number system {node.system.name}"
        yield error(node.name, f"Loihi's neuron is CUBA LIF, and this is {found}", remedy)
        return
    shape = program.shapes[node.name]
    # A dense layer without neurons of its own adds up, with a threshold beyond the register.
    sums = isinstance(layer.synapse, Dense) and adds_up(node)
    for key, limits in _REGISTERS.items():
        if key not in node.parameters:
            continue
        if sums and key == "threshold":
            continue
        values = node.parameters[key]
        yield from _register(f"{node.name}.{key}", values, limits, key)
        channels = (shape[0], *[1] * (len(shape) - 1))
        if values.size == 1 or (values.shape in (channels, shape) and key != "gain"):
            continue
        more = "" if key == "gain" else ", one a channel or one a neuron"
        words = f"{values.shape} values for a layer of {shape}"
        yield error(f"{node.name}.{key}", words, f"give one value{more}")
    if driven_by(node) is not None and layer.synapse is not None:
        message = "is driven by spikes, and a host scales what enters the network alone"
        yield error(f"{node.name}.gain", message, "use quant.CubaLIF")
    if layer.synapse is None and node.parameters["bias"].size > 1:
        message = "neurons that are driven by currents have one bias for all of them"
        yield error(f"{node.name}.bias", message, "add what differs to the currents")


def _register(name: str, values: Integers, limits: Interval, key: str) -> Iterator[Finding]:
    low, high = int(values.min()), int(values.max())
    if limits.low <= low and high <= limits.high:
        return
    value = low if low < limits.low else high
    remedy = "scale weights, threshold and bias down by a power of two"
    if key.endswith("decay"):
        remedy = "a decay lies between 0 and 1"
    yield error(name, f"{value} is not in {limits.low}..{limits.high} of the chip", remedy)


def _ranges(program: Program) -> Iterator[Finding]:
    if program.input.signal == Signal.CURRENT:
        return
    proved = ranges(program)
    for node in program.nodes:
        yield from _RANGES(node, proved)


# Yield the findings about a node's ranges.
_RANGES = Table[[Ranges], Iterator[Finding]]("the check of ranges for Loihi")


@_RANGES.register(Input, Flatten)
def _no_sums(node: Node, proved: Ranges) -> Iterator[Finding]:
    yield from ()


@_RANGES.register(Dense, Conv2d)
def _sum_range(node: Synapse, proved: Ranges) -> Iterator[Finding]:
    total = node.sum_range(proved.values[node.source.source].hull(ZERO))
    if total.wrapped(node.accumulator_bits) != total:
        text = f"a sum may reach {total.largest()}, beyond {node.accumulator_bits} bits, and wraps"
        yield warning(node.name, text, "use smaller weights or kernels")


@_RANGES.register(Neuron)
def _state_ranges(node: Neuron, proved: Ranges) -> Iterator[Finding]:
    if resonators.kind_of(node) is not None:
        yield from resonators.range_findings(node, proved.layers[node.name])
    elif sigma_delta.kind_of(node) is None:
        equations = node.integer_equations
        bounds = proved.layers[node.name].operations
        current = leaves_format(equations, bounds, Op.WRAP_ONCE)
        if current is not None:
            text = f"the current may reach {current.largest()}, beyond 2^23, and wraps"
            yield warning(node.name, text, "raise the current's decay, or scale weights down")
        voltage = leaves_format(equations, bounds, Op.CLIP)
        if voltage is not None:
            text = f"the voltage may reach {voltage.largest()}, beyond 2^23, and saturates"
            yield warning(node.name, text, "raise the voltage's decay, or scale weights down")
