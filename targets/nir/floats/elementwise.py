"""Scale and Threshold of NIR, which a graph has as neurons that remember nothing."""

from __future__ import annotations

from neurodeploy.graph import Neuron
from targets.nir.foreign.primitives import ELEMENTWISE


def elementwise(node: Neuron) -> str | None:
    """Return the primitive of a layer that computes each value by itself, or None."""
    kinds = (kind for kind, e in ELEMENTWISE.items() if e.same_computation(node.equations))
    return next(kinds, None)
