"""The sums that drive a program's layers, where every layer sends what the golden trace says."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Edge
from neurodeploy.program import Input, Neuron, Program, Synapse
from neurodeploy.simulator.golden import combine
from neurodeploy.trace import LayerTrace, Trace
from targets.nir.graph.nodes import layer_of

Values = NDArray[Any]


def golden_sums(program: Program, samples: NDArray[Any], golden: Trace, dt: float) -> Trace:
    """Return the sums of every layer, with the bias where weights hold it."""
    run = _Sums(program)
    run.values |= {node.name: samples.astype(np.int64) for node in program.of_kind(Input)}
    for node in program.layers:
        run.values[node.name] = golden[node.name].values["s"].astype(np.int64)
    layers = {node.name: LayerTrace({"sum": run.drive(node, dt)}) for node in program.layers}
    return Trace(layers, program.output)


class _Sums:
    """The values of nodes over all steps at once: those of neurons do not follow from others."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.values: dict[str, Values] = {}

    def drive(self, node: Neuron, dt: float) -> Values:
        """Return the sums of a layer."""
        total: Values = np.sum([self.over(edge) for edge in node.inputs], axis=0)
        return total if layer_of(node, self.program, dt).bias is None else total + _bias(node)

    def over(self, edge: Edge) -> Values:
        """Return a node's values as an edge brings them, with zeros before the first."""
        values = self._of(edge.source)
        late = np.zeros_like(values)
        late[edge.delay :] = values[: len(values) - edge.delay]
        return late

    def _of(self, name: str) -> Values:
        if name not in self.values:
            node = self.program.by_name[name]
            parts = node.single_delays if isinstance(node, Synapse) else (node,)
            sums = []
            for part in parts:
                sources = [self.over(edge) for edge in part.sources]
                steps = sources[0].shape[:2]
                folded = [each.reshape(-1, *each.shape[2:]) for each in sources]
                value = combine(part, *folded)
                sums.append(value.reshape(*steps, *value.shape[1:]))
            self.values[name] = np.sum(sums, axis=0)
        return self.values[name]


def _bias(node: Neuron) -> Values:
    """Return the bias in the unit of the sums, which is that of the weights."""
    fraction = node.system.parameter_fraction("bias") - node.system.input_fraction
    bias = node.parameters["bias"]
    return np.ldexp(bias.astype(np.float64), -fraction) if fraction else bias
