"""Networks with branches as the chain of layers that the file holds."""

from __future__ import annotations

from neurodeploy.lowering.chain import ChainForm, to_chain
from neurodeploy.program import Program
from neurodeploy.target import Finding
from snncore.dynamics.arithmetic.interval import Interval
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import ADDER_BITS, FORMAT, FRACTION, LOIHI, STATE_BITS, UNITY
from targets.loihi.file.chain import chain_of

# Without memory: what comes in decides.
_FORGETTING = {"current_decay": UNITY, "voltage_decay": UNITY}
FORM = ChainForm(
    equations=CUBA_LIF,
    system=LOIHI,
    weights=Interval(FORMAT.weights.minimum, FORMAT.weights.maximum),
    relay={**_FORGETTING, "threshold": 1, "bias": 0},
    # Even, so that it fits in the eight bits of a layer with both signs.
    relay_weight=2,
    both={**_FORGETTING, "threshold": 3, "bias": 0},
    # A current of at most 2^23 stays below the threshold by the bias of one.
    silent={**_FORGETTING, "threshold": FORMAT.thresholds.maximum, "bias": -1},
    # A larger sum wraps to a current beyond 24 bits.
    most_silent=3 << (STATE_BITS - 1 - FRACTION),
    dense_bits=ADDER_BITS,
    kernel_bits=STATE_BITS,
    attentive="onnx or lynxi",
)


def as_chain(program: Program) -> Program:
    """Return a chain with the program's spikes; a program that is a chain stays as it is.

    Raises:
        DoesNotFitError: if there is none; names the layer.
    """
    return to_chain(program, FORM) if isinstance(chain_of(program), Finding) else program
