"""The metrics of NeuroBench 2.3.0 (its harness's own counts), from a program and its trace.

Sparsities are shares of zeros. Synaptic operations are for one sample: accumulations where a
step's inputs are all -1, 0 or 1, multiplications else; `dense` counts zeros too. A membrane update
is a change of a neuron's membrane from one step to the next, and its first step. Zeros of a
convolution's border, biases and pools are not counted.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.chips.resources import NeuroBench
from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.program import Arithmetic, Edge, Input, Neuron, Node, Program, Selection, Synapse
from neurodeploy.simulator.golden import combine
from neurodeploy.trace import Trace

Values = NDArray[Any]
_MEMBRANES = ("v", "voltage")


def neurobench(program: Program, trace: Trace, samples: NDArray[np.int64]) -> NeuroBench:
    """Return the metrics of a program over samples (T, N, ...)."""
    steps, count = samples.shape[:2]
    narrow = [node.narrow_weight for node in program.synapses]
    weights = sum(weight.size for weight in narrow)
    zeros = sum(weight.size - np.count_nonzero(weight) for weight in narrow)
    sent = [trace[node.name].s for node in program.layers]
    fired, all_sent = sum(map(np.count_nonzero, sent)), sum(array.size for array in sent)
    sums = _Values(program, trace, samples)
    counts = [_operations(node, sums, program) for node in program.synapses]
    return NeuroBench(
        weights=weights,
        footprint=sum(weight.nbytes for weight in narrow),
        connection_sparsity=zeros / weights if weights else 0.0,
        activation_sparsity=1 - int(fired) / all_sent,
        effective_acs=sum(acs for acs, _, _ in counts) / count,
        effective_macs=sum(macs for _, macs, _ in counts) / count,
        dense=float(steps * sum(dense for _, _, dense in counts)),
        membrane_updates=sum(_updates(node, trace) for node in program.layers) / count,
    )


def _updates(node: Neuron, trace: Trace) -> int:
    """Return the updates of a layer's membranes over all samples."""
    states = node.equations.states
    if not states:
        return 0
    name = next((name for name in _MEMBRANES if name in states), states[-1])
    membrane = trace[node.name].values[name]
    return int(membrane[0].size + np.count_nonzero(np.diff(membrane, axis=0)))


def _operations(node: Synapse, values: _Values, program: Program) -> tuple[int, int, int]:
    """Return accumulations, multiplications and the dense operations of a step of one layer."""
    acs = macs = dense = 0
    for part in node.single_delays:
        arrived, source = values.over(part.source), part.source.source
        reached = part.fan_out(program.shapes[source]).reshape(-1)
        events = np.count_nonzero(arrived, axis=1).reshape(len(arrived), -1) @ reached
        spiking = (np.abs(arrived) <= 1).reshape(len(arrived), -1).all(axis=1)
        acs, macs = acs + int(events[spiking].sum()), macs + int(events[~spiking].sum())
    # Every kind of weights has the field.
    weights: Any = node
    whole = replace(weights, weight=np.ones(node.narrow_weight.shape, np.int64))
    dense = int(whole.fan_out(program.shapes[node.sources[0].source]).sum())
    return acs, macs, dense


class _Values:
    """The values (T, N, ...) of every node, computed when another asks for them."""

    def __init__(self, program: Program, trace: Trace, samples: NDArray[np.int64]) -> None:
        self.program, self.trace, self.samples = program, trace, samples
        self._values: dict[str, Values] = {}

    def of(self, name: str) -> Values:
        """Return what a node sends."""
        if name not in self._values:
            node = self.program.by_name[name]
            self._values[name] = _SENT(node, self)
        return self._values[name]

    def over(self, edge: Edge) -> Values:
        """Return the values that an edge brings."""
        values = self.of(edge.source)
        if not edge.delay:
            return values
        late = np.zeros_like(values)
        late[edge.delay :] = values[: max(len(values) - edge.delay, 0)]
        return late


_SENT = KindTable[[_Values], Values]("the metrics of NeuroBench")


@_SENT.register(Input)
def _input(node: Input, values: _Values) -> Values:
    return values.samples


@_SENT.register(Neuron)
def _neurons(node: Neuron, values: _Values) -> Values:
    return values.trace[node.name].s


@_SENT.register(Selection, Arithmetic, Synapse)
def _combined(node: Node, values: _Values) -> Values:
    steps = values.samples.shape[:2]
    rows = [values.over(edge).astype(np.int64) for edge in node.sources]
    flat = combine(node, *(row.reshape(prod(steps), *row.shape[2:]) for row in rows))
    return flat.reshape(*steps, *flat.shape[1:])
