"""A program's trace by the layers of its network, where the program holds some side by side."""

from __future__ import annotations

from dataclasses import replace

from neurodeploy.program import Program
from neurodeploy.trace import LayerTrace, Trace


def by_network_layer(program: Program, trace: Trace) -> Trace:
    """Return the trace with an entry for each layer of the network, and none for relays."""
    names = [name for name, _, _ in program.network_layers]
    if list(trace.layers) == names:
        return trace
    layers: dict[str, LayerTrace] = {}
    for name, node, part in program.network_layers:
        whole = trace[node.name]
        if part is None:
            layers[name] = whole
            continue
        shape = program.shapes[node.name]
        values = {key: part.of(array, shape) for key, array in whole.values.items()}
        layers[name] = replace(whole, values=values)
    return replace(trace, layers=layers)
