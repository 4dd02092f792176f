"""snnTorch's neurons, in every form that has equations of its own."""

from __future__ import annotations

from typing import Any

import snntorch as snn
import torch
from snntorch.functional import quant
from torch import Tensor

SHAPE = (32,)
SHAPES: dict[str, tuple[int, ...]] = {"Leaky image": (4, 3, 3), "RLeaky conv": (4, 3, 3)}
# Inputs beside which a neuron would not fire otherwise.
SCALE = {f"Lapicque {reset}": 8.0 for reset in ("subtract", "zero", "none")} | {
    "Lapicque dyadic": 2.0
}
VECTOR = torch.linspace(-0.2, 1.2, 32)
THRESHOLDS = torch.linspace(0.5, 1.5, 32)
RESETS = ("subtract", "zero", "none")
DELAYS = (True, False)


def _late(delay: bool) -> str:
    return "" if delay else " at once"


def run(module: Any, x: Tensor, ours: Any) -> list[Tensor]:
    """Run all steps, with states passed on as tutorials do it."""
    if ours.time == 0:
        return [module(x)]
    steps, states = [], ()
    for step in x:
        values = module(step, *states)
        if type(module).__name__ == "DeltaLeaky":
            states = (values[1],)
            values = (values[0], *values[1])
        elif not isinstance(values, tuple):
            values = (values,)
        elif not module.init_hidden:
            states = values if "R" in type(module).__name__[:1] else values[1:]
        steps.append(values)
    return [torch.stack(each) for each in zip(*steps, strict=True)]


NEURONS: dict[str, Any] = {
    **{
        f"Leaky {reset}{_late(delay)}": lambda r=reset, d=delay: snn.Leaky(
            beta=0.9, reset_mechanism=r, reset_delay=d
        )
        for reset in RESETS
        for delay in DELAYS
    },
    "Leaky dyadic": lambda: snn.Leaky(beta=0.5, threshold=0.75),
    "Leaky dyadic zero": lambda: snn.Leaky(beta=0.75, reset_mechanism="zero"),
    "Leaky vectors": lambda: snn.Leaky(beta=VECTOR, threshold=THRESHOLDS, init_hidden=True),
    "Leaky learned": lambda: snn.Leaky(
        beta=1.3, learn_beta=True, learn_threshold=True, init_hidden=True, output=True
    ),
    "Leaky graded": lambda: snn.Leaky(beta=0.8, graded_spikes_factor=0.3),
    "Leaky graded at once": lambda: snn.Leaky(
        beta=0.8, graded_spikes_factor=0.3, reset_delay=False
    ),
    "Leaky negative threshold": lambda: snn.Leaky(beta=0.8, threshold=-0.25),
    "Leaky image": lambda: snn.Leaky(beta=torch.tensor([0.1, 0.5, 0.8, 0.9]).reshape(4, 1, 1)),
    **{
        f"Synaptic {reset}{_late(delay)}": lambda r=reset, d=delay: snn.Synaptic(
            alpha=0.8, beta=0.7, reset_mechanism=r, reset_delay=d
        )
        for reset in RESETS
        for delay in DELAYS
    },
    "Synaptic dyadic": lambda: snn.Synaptic(alpha=0.5, beta=0.5, init_hidden=True, output=True),
    **{
        f"Alpha {reset}": lambda r=reset: snn.Alpha(
            alpha=0.85, beta=0.6, threshold=0.5, reset_mechanism=r
        )
        for reset in RESETS
    },
    **{
        f"Lapicque {reset}": lambda r=reset: snn.Lapicque(beta=0.9, reset_mechanism=r)
        for reset in RESETS
    },
    **{
        f"Lapicque R C {reset}": lambda r=reset: snn.Lapicque(
            R=5.1, C=0.5, time_step=0.7, reset_mechanism=r
        )
        for reset in RESETS
    },
    "Lapicque beta R": lambda: snn.Lapicque(beta=0.8, R=2.0),
    "Lapicque beta C": lambda: snn.Lapicque(beta=0.8, C=3.0, time_step=2),
    "Lapicque dyadic": lambda: snn.Lapicque(R=1, C=2.0),
    **{
        f"RLeaky one {reset}{_late(delay)}": lambda r=reset, d=delay: snn.RLeaky(
            beta=0.75, V=-0.6, all_to_all=False, reset_mechanism=r, reset_delay=d
        )
        for reset in RESETS
        for delay in DELAYS
    },
    "RLeaky one vector": lambda: snn.RLeaky(
        beta=0.75, V=torch.linspace(-1, 1, 32), all_to_all=False, init_hidden=True
    ),
    **{
        f"RLeaky all {reset}{_late(delay)}": lambda r=reset, d=delay: snn.RLeaky(
            beta=0.75, linear_features=32, reset_mechanism=r, reset_delay=d
        )
        for reset in RESETS
        for delay in DELAYS
    },
    "RLeaky conv": lambda: snn.RLeaky(beta=0.75, conv2d_channels=4, kernel_size=3),
    **{
        f"RSynaptic one {reset}": lambda r=reset: snn.RSynaptic(
            alpha=0.6, beta=0.75, V=0.4, all_to_all=False, reset_mechanism=r
        )
        for reset in RESETS
    },
    **{
        f"RSynaptic all {reset}": lambda r=reset: snn.RSynaptic(
            alpha=0.6, beta=0.75, linear_features=32, reset_mechanism=r
        )
        for reset in RESETS
    },
    "LeakyParallel": lambda: snn.LeakyParallel(32, 32, beta=0.8, threshold=0.4),
    "LeakyParallel learned": lambda: snn.LeakyParallel(
        32, 32, threshold=0.3, graded_spikes_factor=0.5
    ),
    "DeltaLeaky": lambda: snn.DeltaLeaky(delta_threshold=0.5, beta=0.5, init_hidden=True),
}


REFUSED: dict[str, Any] = {
    "inhibition": lambda: snn.Leaky(beta=0.5, inhibition=True),
    "state_quant": lambda: snn.Leaky(beta=0.5, state_quant=quant.state_quant(num_bits=4)),
    "RSynaptic at once": lambda: snn.RSynaptic(
        alpha=0.6, beta=0.7, all_to_all=False, reset_delay=False
    ),
    "StateLeaky": lambda: snn.StateLeaky(beta=0.5, channels=4),
    "LinearLeaky": lambda: snn.LinearLeaky(beta=0.5, in_features=4, out_features=4),
    "SLSTM": lambda: snn.SLSTM(4, 4),
    "full matrix": lambda: snn.LeakyParallel(4, 4, weight_hh_enable=True),
}
LAYERS: dict[str, Any] = {}
