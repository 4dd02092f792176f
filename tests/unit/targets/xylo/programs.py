"""Small networks in Xylo's numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurodeploy.program import Dense, Edge, Input, Neuron, Program
from targets.xylo.format import XYLO, decay_of
from targets.xylo.neuron import HIDDEN, OUTPUT


def neurons(name: str, *sources: str, last: bool = False, **values: Any) -> Neuron:
    """Return neurons; keywords are parameters in place of usual ones."""
    usual = {"current_decay": decay_of(1), "voltage_decay": decay_of(2), "threshold": 40, "bias": 0}
    parameters = {key: np.asarray(value) for key, value in (usual | values).items()}
    edges = tuple(map(Edge, sources))
    return Neuron(name, edges, OUTPUT if last else HIDDEN, XYLO, parameters, -6)


def network(
    first: Any = ((30, -20), (9, 50)),
    second: Any = ((60, -7),),
    *,
    hidden: dict[str, Any] | None = None,
    last: dict[str, Any] | None = None,
    own: Any = None,
) -> Program:
    """Return two layers with these weights; keywords change parameters, and add a loop."""
    loop = () if own is None else (Dense("own", Edge("h", 1), np.asarray(own), -6),)
    nodes = (
        Input("in", (np.shape(first)[1],)),
        Dense("h.w", Edge("in"), np.asarray(first), -6),
        *loop,
        neurons("h", "h.w", *(each.name for each in loop), **(hidden or {})),
        Dense("o.w", Edge("h"), np.asarray(second), -6),
        neurons("o", "o.w", last=True, **(last or {})),
    )
    return Program(nodes, "o")
