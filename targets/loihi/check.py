"""Checks of what the chip or its loader would refuse, change, drop or ignore, with remedies.

1. The program is a chain of weights and neurons of the kinds that the chip has, in
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

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.program import (
    Conv2d,
    Dense,
    Flatten,
    Input,
    Neuron,
    Node,
    Program,
    Signal,
    Synapse,
)
from neurodeploy.program.ranges import Ranges, ranges
from neurodeploy.program.remembered import remembered
from neurodeploy.target import Finding, Severity
from snncore.dynamics.arithmetic.interval import ZERO
from targets.loihi.check_weights import weight_findings
from targets.loihi.chip.chips import CHIPS
from targets.loihi.chip.format import FORMAT
from targets.loihi.chip.placement import placement
from targets.loihi.file.chain import Chain, ChainLayer, chain_of
from targets.loihi.file.loader import LARGEST_GEOMETRY, LONGEST_DELAY
from targets.loihi.findings import error, in_network, place_of, warning
from targets.loihi.neurons.sigma_delta import spike_exp
from targets.loihi.neurons.table import kind_of


@remembered
def check(program: Program) -> tuple[Finding, ...]:
    """Return every error and warning of a program, in the order of its layers."""
    chain = chain_of(program)
    if isinstance(chain, Finding):
        return (chain,)
    findings = list(_input(program, chain))
    bits = spike_exp(chain)
    for layer in chain.layers:
        findings += _synapses(layer)
        kind = kind_of(layer.neuron)
        if kind is None:
            findings.append(_unknown(layer.neuron))
        else:
            findings += kind.findings(layer, program, bits)
    if not any(finding.severity == Severity.ERROR for finding in findings):
        findings += [*_ranges(program), *_room(program)]
    return tuple(in_network(program, finding) for finding in findings)


def _room(program: Program) -> Iterator[Finding]:
    """Yield the chips that it does not fit: a warning, or an error if it fits none."""
    placements = [placement(program, chip, spread=False) for chip in CHIPS]
    say = warning if any(each.fits for each in placements) else error
    for each in placements:
        for layer, words in each.problems:
            yield say(layer, words, "make the layer smaller, or prune its weights")


def _input(program: Program, chain: Chain) -> Iterator[Finding]:
    shape = program.input.shape
    if len(shape) not in (1, 3) and chain.layers[0].flatten is None:
        yield error(program.input.name, f"{shape} is neither (N,) nor (C, H, W)", "reshape it")


def _synapses(layer: ChainLayer) -> Iterator[Finding]:
    """Yield what is wrong with a layer's weights; a recurrent layer's two count as one."""
    nodes = layer.weights
    for node in nodes:
        yield from _WEIGHTS(node)
    if layer.imaginary is not None:
        # The loader treats the two parts as two layers.
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
_WEIGHTS = KindTable[[], Iterator[Finding]]("the check of weights for Loihi")


@_WEIGHTS.register(Dense)
def _dense(node: Dense) -> Iterator[Finding]:
    if node.shift:
        words = f"its sums are shifted by {node.shift} bits, which no field says"
        yield error(node.name, words, "retrain")
    yield from _width(node, FORMAT.dense_bits)


@_WEIGHTS.register(Conv2d)
def _kernel(node: Conv2d) -> Iterator[Finding]:
    yield from _geometry(node)
    yield from _width(node, FORMAT.kernel_bits)


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


def _unknown(node: Neuron) -> Finding:
    remedy = "use quant.CubaLIF, of which IF and LIF are special cases"
    described = f"{node.equations.name} in the number system {node.system.name}"
    return error(node.name, f"Loihi's neuron is CUBA LIF, and this is {described}", remedy)


def _ranges(program: Program) -> Iterator[Finding]:
    if program.input.signal == Signal.CURRENT:
        return
    proved = ranges(program)
    for node in program.nodes:
        yield from _RANGES(node, proved)


# Yield the findings about a node's ranges.
_RANGES = KindTable[[Ranges], Iterator[Finding]]("the check of ranges for Loihi")


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
    kind = kind_of(node)
    assert kind is not None
    yield from kind.range_findings(node, proved.layers[node.name])
