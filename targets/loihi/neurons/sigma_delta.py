"""Sigma-delta layers in the file, the loader and Lava's processes.

A file's thresholds and biases count in whole messages. The number of fraction bits in a message
(`spike_exp`) is passed to Lava beside the file, and a program counts in the smallest fraction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from neurodeploy.errors import ArtifactError
from neurodeploy.program import Edge, Integers, Neuron, Program
from neurodeploy.program.ranges import LayerRange
from neurodeploy.target import Finding
from snncore.dynamics import Equations, NumberSystem
from snncore.dynamics.zoo.sigma_delta import DELTA, SIGMA, SIGMA_DELTA
from targets.loihi.chip.format import (
    FORMAT,
    FRACTION,
    LOIHI_DELTA,
    LOIHI_SIGMA,
    LOIHI_SIGMA_DELTA,
)
from targets.loihi.file.chain import Chain, ChainLayer, takes_numbers
from targets.loihi.file.hdf5 import LayerEntry
from targets.loihi.findings import error

# Lava's default for a message's fraction.
USUAL = FRACTION
KIND = "SDNN"
_KINDS: tuple[tuple[Equations, NumberSystem], ...] = (
    (DELTA, LOIHI_DELTA),
    (SIGMA_DELTA, LOIHI_SIGMA_DELTA),
    (SIGMA, LOIHI_SIGMA),
)
# Beyond these, the simulation's 32 bits could not hold them with their fraction.
_THRESHOLD, _BIAS = FORMAT.thresholds.maximum, (1 << 15) - 1


def kind_of(node: Neuron) -> Equations | None:
    """Return which of the three kinds it is, if it is one."""
    for equations, system in _KINDS:
        if node.equations.same_computation(equations) and node.system == system:
            return equations
    return None


def spike_exp(chain: Chain) -> int:
    """Return the fraction bits of a message of this network."""
    nodes = [layer.neuron for layer in chain.layers if kind_of(layer.neuron) is not None]
    gains = [int(node.parameters["gain"]) for node in nodes if "gain" in node.parameters]
    if gains:
        return min(max(gains[0].bit_length() - 1, 0), USUAL)
    used = [int(np.bitwise_or.reduce(v, axis=None)) for n in nodes for v in n.parameters.values()]
    together = int(np.bitwise_or.reduce([*used, 0]))
    return min((together & -together).bit_length() - 1, USUAL) if together else USUAL


def has_messages(chain: Chain) -> bool:
    """Return whether some layer sends numbers."""
    return any(kind_of(layer.neuron) is not None for layer in chain.layers)


class _SigmaDelta:
    """Neurons that send the changes of what they hold, as numbers."""

    counts_messages = True

    def matches(self, node: Neuron) -> bool:
        """Return whether these neurons send numbers."""
        return kind_of(node) is not None

    def findings(self, layer: ChainLayer, program: Program, bits: int) -> Iterator[Finding]:
        """Yield what is wrong with a sigma-delta layer."""
        node, kind = layer.neuron, kind_of(layer.neuron)
        if (kind is DELTA) != (layer.synapse is None):
            rule = "takes what enters the network" if kind is DELTA else "needs weights before it"
            yield error(node.name, f"a {node.equations.name} layer {rule}", "move it")
        if layer.recurrent is not None and not takes_numbers(program, layer):
            message = (
                "is driven by spikes, and so the loader takes the numbers it sends back for them"
            )
            yield error(node.name, message, "leave the recurrence out, or drive it by numbers")
        for key, values in node.parameters.items():
            yield from _register(f"{node.name}.{key}", values, key, bits)

    def range_findings(self, node: Neuron, proved: LayerRange) -> Iterator[Finding]:
        """Yield nothing: the simulation has no register that these may leave."""
        return iter(())

    def write(self, entry: Any, layer: ChainLayer, bits: int) -> None:
        """Write the neurons of a layer."""
        node = layer.neuron
        group = entry.create_group("neuron")
        group["type"] = np.bytes_(KIND)
        if kind_of(node) is SIGMA:
            group["sigma_output"] = np.int64(1)
            return
        group["vThMant"] = np.int64(int(node.parameters["threshold"].reshape(-1)[0]) >> bits)

    def require_determined(self, entries: Sequence[LayerEntry]) -> None:
        """Check nothing: every processor loads these alike."""


SIGMA_DELTAS = _SigmaDelta()


def _register(name: str, values: Integers, key: str, bits: int) -> Iterator[Finding]:
    if key == "gain":
        if values.size != 1 or int(values) != 1 << bits:
            remedy = "choose a power of two up to 64, the same everywhere"
            yield error(name, f"{values.reshape(-1)[0]} is not 2^{bits}", remedy)
        return
    low, high = int(values.min()), int(values.max())
    if (values & ((1 << bits) - 1)).any():
        yield error(name, f"is not a multiple of 2^{bits}, which the file counts in", "round it")
    limit = _THRESHOLD if key == "threshold" else _BIAS
    least = 0 if key == "threshold" else -limit
    if low < least << bits or high > limit << bits:
        value = low if low < least << bits else high
        yield error(name, f"{value} is not in {least << bits}..{limit << bits}", "scale it down")
    if key == "threshold" and values.size > 1:
        yield error(name, "Lava has one threshold a layer", "give all neurons the same")


def read_neuron(
    entry: LayerEntry, inputs: tuple[Edge, ...], bits: int, exponent: int, bias: Any
) -> Neuron:
    """Return the neurons of a layer, as the loader builds them.

    Raises:
        ArtifactError: if it would not accept them.
    """
    group = entry.group("neuron")
    if entry.text("type") == "input":
        values = {"threshold": _threshold(group, bits), "gain": np.array(1 << bits)}
        return Neuron(entry.name, inputs, DELTA, LOIHI_DELTA, values, exponent)
    if "sigma_output" in group:
        if "bias" in entry:
            raise ArtifactError(f"{entry.name}.bias: a layer that only sums up has none in Lava")
        return Neuron(entry.name, inputs, SIGMA, LOIHI_SIGMA, {}, exponent)
    values = {"threshold": _threshold(group, bits), "bias": bias << bits}
    return Neuron(entry.name, inputs, SIGMA_DELTA, LOIHI_SIGMA_DELTA, values, exponent)


def _threshold(group: LayerEntry, bits: int) -> Integers:
    stored = group.stored_whole("vThMant")
    if stored.size != 1 or stored.dtype.itemsize < 4:
        raise ArtifactError(
            f"{group.name}.vThMant: Lava takes one number of 32 bits or more, not {stored.dtype} "
            f"of the shape {stored.shape}"
        )
    value = stored.astype(np.int64).reshape(())
    if not 0 <= int(value) <= _THRESHOLD:
        raise ArtifactError(f"{group.name}.vThMant: {int(value)} is not in 0..{_THRESHOLD}")
    return value << bits
