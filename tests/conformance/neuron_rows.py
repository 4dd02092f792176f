"""Small networks for each row of the table of neurons in docs/conformance.md."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

import quant
from neurodeploy.target import random_samples
from snncore import layer, neuron
from snncore.dynamics import select, spike
from targets.xylo.examples import EXAMPLES
from tests.conformance.messages import message_case
from tests.conformance.networks import Case
from tests.conformance.resonating import resonating_case
from tests.conformance.table_rows import Built, Calls, Make, chain, firing, lif


@neuron.define(states={"v": 0.0}, params={"decay": 0.5, "threshold": 1.0})
def Own(v: Any, x: Any, *, decay: Any, threshold: Any) -> Any:  # noqa: N802
    """Return a neuron of somebody's own."""
    h = decay * v + x
    s = spike(h - threshold)
    return select(s, 0.0, h), s


def driven() -> Built:
    block = quant.Block(quant.Linear(6, 4), quant.CubaLIF())
    return nn.Sequential(quant.DrivenCubaLIF(scale=1.0, bias=True), block), (6,)


def driven_apart() -> Built:
    def forward(x: Tensor, first: Any, second: Any, neurons: Any, last: Any, end: Any) -> Tensor:
        return end(last(neurons(first(x), second(x))))

    weights = (layer.Linear(6, 8), layer.Linear(6, 8))
    return Calls(forward, *weights, neuron.DendriticLIF(), layer.Linear(8, 4), lif()), (6,)


def on_xylo() -> Case:
    program = EXAMPLES["two layers"]
    return Case("Xylo's own", program, random_samples(program, 12, 2, 0.5, 0))


NEURONS: dict[str, tuple[Make, ...]] = {
    "`IF`, `LIF`, `ParametricLIF`": (
        firing(neuron.IF),
        firing(neuron.LIF),
        firing(neuron.ParametricLIF),
    ),
    "`CubaLIF`": (
        firing(neuron.CubaLIF, current_decay=1.0),
        firing(neuron.CubaLIF, current_decay=0.5),
    ),
    "`AdaptiveLIF`": (firing(neuron.AdaptiveLIF),),
    "`IntegerLIF`": (firing(neuron.IntegerLIF),),
    "`TernaryIF`, `TernaryLIF`": (firing(neuron.TernaryLIF), firing(neuron.TernaryIF)),
    "`ComplementaryLIF`": (firing(neuron.ComplementaryLIF),),
    "`GatedLIF`": (firing(neuron.GatedLIF),),
    "`SlidingPSN`": (firing(neuron.SlidingPSN, order=3),),
    "`Leaky`, `Synaptic`, `Lapicque`, `KLIF`, `OnlineLIF`": (
        firing(neuron.Leaky),
        firing(neuron.Synaptic),
        firing(neuron.Lapicque),
        firing(neuron.KLIF),
        firing(neuron.OnlineLIF),
    ),
    "`LSNN`, `RefractoryLIF`, `AdEx`, `Alpha`, `ResonateAndFire`, `TwoCompartmentLIF`": (
        firing(neuron.LSNN),
        firing(neuron.RefractoryLIF),
        firing(neuron.AdEx),
        firing(neuron.Alpha),
        firing(neuron.ResonateAndFire),
        firing(neuron.TwoCompartmentLIF),
    ),
    "`DendriticLIF`": (driven_apart,),
    "`NoisyIF`, `NoisyLIF`, `NoisyCubaLIF`": (
        firing(neuron.NoisyIF),
        firing(neuron.NoisyLIF),
        firing(neuron.NoisyCubaLIF),
    ),
    "`QIF`": (firing(neuron.QIF),),
    "`EIF`": (firing(neuron.EIF),),
    "`Izhikevich`": (firing(neuron.Izhikevich),),
    "`PSN`, `MaskedPSN`": (
        firing(neuron.PSN, steps=8),
        firing(neuron.MaskedPSN, order=2, steps=8),
    ),
    "`LeakyIntegrator` at the end of a network": (
        lambda: chain(
            (6,), layer.Linear(6, 8), lif(), layer.Linear(8, 4), neuron.LeakyIntegrator()
        ),
    ),
    "of your own (`neuron.define`)": (firing(Own),),
    "driven CUBA LIF (input neurons)": (driven,),
    "sigma-delta": (lambda: message_case(0),),
    "resonators": (lambda: resonating_case(0),),
    "Xylo's own (`XyloHidden`, `XyloOutput`)": (on_xylo,),
}
