"""Every kind of neurons that the chip has; a new kind is one file, and one line here."""

from __future__ import annotations

from neurodeploy.program import Neuron
from targets.loihi.file.hdf5 import opened
from targets.loihi.neurons.cuba import CUBA
from targets.loihi.neurons.integrator import INTEGRATOR
from targets.loihi.neurons.kind import NeuronKind
from targets.loihi.neurons.resonators import RESONATORS
from targets.loihi.neurons.sigma_delta import SIGMA_DELTAS

# Only dense layers with complex weights drive these.
COMPLEX = (RESONATORS,)
KINDS: tuple[NeuronKind, ...] = (CUBA, INTEGRATOR, SIGMA_DELTAS, RESONATORS)


def kind_of(node: Neuron) -> NeuronKind | None:
    """Return the kind of these neurons, if the chip has it."""
    return next((kind for kind in KINDS if kind.matches(node)), None)


def require_determined(net: bytes) -> None:
    """Check that every processor loads the same numbers from a file.

    Raises:
        SimulatorScopeError: otherwise; names the layer.
    """
    with opened(net, "network.net") as entries:
        for kind in KINDS:
            kind.require_determined(entries)
