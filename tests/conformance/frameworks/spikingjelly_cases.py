"""SpikingJelly's neurons, in every form that has equations of its own."""

from __future__ import annotations

from typing import Any

import torch
from spikingjelly.activation_based import layer, neuron, surrogate
from torch import Tensor, nn

SHAPE = (32,)
SHAPES = dict.fromkeys(("aware channels", "GatedLIF", "GatedLIF channels"), (4, 3, 3))
SCALE = {
    "QIF": 3.0,
    "QIF soft": 3.0,
    **{f"EIF{form}": 0.5 for form in ("", " soft", " m", " soft m")},
}
RESETS: dict[str, Any] = {"": 0.0, " soft": None, " to -.25": -0.25}
MODES = {"": "s", " m": "m"}


def run(module: Any, x: Tensor, ours: Any) -> list[Tensor]:
    """Run all steps, in the module's own step mode."""
    if ours.time == 0:
        if type(module) is neuron.GatedLIFNode:
            # It runs for all of its steps, whatever it is given.
            module.T = len(x)
        values = module(x)
        return [torch.stack(values) if isinstance(values, list) else values]
    return [torch.stack([module(step) for step in x])]


def _learned(module: Any, **values: float) -> Any:
    for name, value in values.items():
        getattr(module, name).data.fill_(value)
    return module


def _in_resets(name: str, make: Any, *, modes: Any = MODES, resets: Any = RESETS) -> dict[str, Any]:
    """Return a neuron with every reset, in every step mode."""
    return {
        f"{name}{label}{mode}": lambda r=reset, m=step_mode: make(v_reset=r, step_mode=m)
        for label, reset in resets.items()
        for mode, step_mode in modes.items()
    }


def _gated(**form: Any) -> Any:
    """Return a neuron whose gates differ, as they do after training."""
    module = neuron.GatedLIFNode(T=50, **form)
    for value in module.parameters():
        value.data.normal_()
    return module


def _on_grid(module: Any) -> Any:
    """Put weights on eighths, whose sums round nothing in any order."""
    for value in module.parameters():
        value.data = (value.data * 16).round() / 8
    return module


def _no_mode(kind: Any, **values: Any) -> Any:
    def make(v_reset: Any, step_mode: str) -> Any:
        module = kind(v_reset=v_reset, **values)
        module.step_mode = step_mode
        return module

    return make


SINGLE = {"": "s"}
HARD = {"": 0.0, " to -.25": -0.25}
NEURONS: dict[str, Any] = {
    **_in_resets("IF", neuron.IFNode),
    **_in_resets("IF .75", lambda **form: neuron.IFNode(v_threshold=0.75, **form), modes=SINGLE),
    "HalfThresholdIF": lambda: neuron.HalfThresholdIFNode(v_threshold=0.75),
    **_in_resets("SimpleIF", neuron.SimpleIFNode),
    **_in_resets("LIF", neuron.LIFNode),
    **_in_resets("LIF beside", lambda **form: neuron.LIFNode(decay_input=False, **form)),
    **_in_resets("LIF 10/3", lambda **form: neuron.LIFNode(tau=10 / 3, **form), modes=SINGLE),
    **_in_resets(
        "LIF beside 3",
        lambda **form: neuron.LIFNode(tau=3.0, decay_input=False, **form),
        modes=SINGLE,
    ),
    **_in_resets(
        "SimpleLIF",
        lambda **form: neuron.SimpleLIFNode(tau=2.0, decay_input=True, **form),
        resets=HARD,
    ),
    **_in_resets(
        "SimpleLIF beside",
        lambda **form: neuron.SimpleLIFNode(tau=3.0, decay_input=False, **form),
        resets=HARD,
        modes=SINGLE,
    ),
    **_in_resets("PLIF", lambda **form: _learned(neuron.ParametricLIFNode(**form), w=0.3)),
    **_in_resets(
        "PLIF beside",
        lambda **form: neuron.ParametricLIFNode(init_tau=2.0, decay_input=False, **form),
    ),
    **_in_resets("CUBALIF", _no_mode(neuron.CUBALIFNode)),
    **_in_resets("QIF", neuron.QIFNode, resets={"": -0.1, " soft": None}),
    **_in_resets("EIF", neuron.EIFNode, resets={"": -0.1, " soft": None}),
    **_in_resets("Izhikevich", lambda **form: neuron.IzhikevichNode(a=0.1, b=0.2, **form)),
    "ILIF": lambda: neuron.ILIFNode(),
    "ILIF m": lambda: neuron.ILIFNode(step_mode="m"),
    "ILIF 2 .75": lambda: neuron.ILIFNode(tau=2.0, v_threshold=0.75),
    "ILIF 2 m": lambda: neuron.ILIFNode(tau=2.0, step_mode="m"),
    **_in_resets("KLIF", lambda **form: _learned(neuron.KLIFNode(**form), k=1.3)),
    **_in_resets(
        "KLIF scaled",
        lambda **form: _learned(neuron.KLIFNode(scale_reset=True, **form), k=1.3),
        modes=SINGLE,
    ),
    **_in_resets(
        "KLIF beside",
        lambda **form: neuron.KLIFNode(decay_input=False, scale_reset=True, **form),
        modes=SINGLE,
    ),
    "GatedLIF": lambda: _gated(),
    "GatedLIF channels": lambda: _gated(inplane=4),
    "ComplementaryLIF": lambda: neuron.ComplementaryLIFNode(tau=2.0),
    **_in_resets("TernaryIF", neuron.TernaryIFNode),
    **_in_resets("TernaryLIF", neuron.TernaryLIFNode),
    **_in_resets("RAF", neuron.RAFNode),
    "STBIF": lambda: neuron.STBIFNode(0.5, level=8),
    "STBIF sym": lambda: neuron.STBIFNode(0.3, level=8, sym=True, step_mode="m"),
    **_in_resets("aware", neuron.ActivationAwareIFNode),
    "aware channels": lambda: neuron.ActivationAwareIFNode(
        v_threshold=torch.tensor([0.5, 0.75, 1.0, 1.5]), v_offset=0.125, channel_dim=1
    ),
    "aware last": lambda: neuron.ActivationAwareIFNode(
        v_threshold=torch.linspace(0.5, 1.5, 32), v_offset=0.125, step_mode="m"
    ),
    "OTTTLIF": lambda: neuron.OTTTLIFNode(),
    "SLTTLIF": lambda: neuron.SLTTLIFNode(),
    **{
        f"element-wise {mode}": lambda m=mode: layer.ElementWiseRecurrentContainer(
            neuron.LIFNode(v_reset=None), lambda x, y: x + y, step_mode=m
        )
        for mode in ("s", "m")
    },
    **{
        f"linear recurrent {mode}": lambda m=mode: layer.LinearRecurrentContainer(
            neuron.LIFNode(v_threshold=0.5), 32, 32, step_mode=m
        )
        for mode in ("s", "m")
    },
    "linear recurrent grid": lambda: _on_grid(
        layer.LinearRecurrentContainer(neuron.IFNode(v_reset=None), 32, 32, bias=False)
    ),
    "NonSpikingLIF": lambda: neuron.NonSpikingLIFNode(),
    "NonSpikingIF": lambda: neuron.NonSpikingIFNode(),
}


REFUSED: dict[str, Any] = {
    "smooth": lambda: neuron.IFNode(surrogate_function=surrogate.ATan(spiking=False)),
    "GatedLIF": lambda: neuron.GatedLIFNode(T=65),
    "LIAF": lambda: neuron.LIAFNode(torch.relu, False),
    "PSN": lambda: neuron.PSN(T=4),
    "MaskedPSN": lambda: neuron.MaskedPSN(k=2, T=4),
    "SlidingPSN": lambda: neuron.SlidingPSN(k=2),
    "simple without reset": lambda: neuron.SimpleLIFNode(2.0, True, v_reset=None),
    "joins otherwise": lambda: layer.ElementWiseRecurrentContainer(neuron.IFNode(), torch.mul),
    "weights within": lambda: layer.LinearRecurrentContainer(
        nn.Sequential(nn.Linear(4, 4), neuron.IFNode()), 4, 4
    ),
    "container": lambda: layer.SeqToANNContainer(nn.Conv2d(2, 4, 3), nn.PReLU()),
}
IMAGE, VECTOR = (5, 3, 2, 8, 8), (5, 3, 12)
LAYERS: dict[str, Any] = {
    **{
        f"{name} {mode}": (lambda m=make, s=mode: m(step_mode=s), shape)
        for mode in ("s", "m")
        for name, (make, shape) in {
            "Conv2d": (lambda **form: layer.Conv2d(2, 4, 3, padding=1, **form), IMAGE),
            "Conv2d same": (lambda **form: layer.Conv2d(2, 4, 3, padding="same", **form), IMAGE),
            "Conv1d": (lambda **form: layer.Conv1d(2, 4, 3, stride=2, **form), (5, 3, 2, 9)),
            "ConvTranspose2d": (
                lambda **form: layer.ConvTranspose2d(2, 4, 3, output_padding=1, stride=2, **form),
                IMAGE,
            ),
            "BatchNorm1d": (lambda **form: layer.BatchNorm1d(12, **form), VECTOR),
            "BatchNorm2d": (lambda **form: layer.BatchNorm2d(2, **form), IMAGE),
            "GroupNorm": (lambda **form: layer.GroupNorm(2, 2, **form), IMAGE),
            "MaxPool2d": (lambda **form: layer.MaxPool2d(3, 2, 1, **form), IMAGE),
            "AvgPool2d": (lambda **form: layer.AvgPool2d(2, **form), IMAGE),
            "AdaptiveAvgPool2d": (lambda **form: layer.AdaptiveAvgPool2d((2, 2), **form), IMAGE),
            "Linear": (lambda **form: layer.Linear(12, 7, **form), VECTOR),
            "Flatten": (lambda **form: layer.Flatten(**form), IMAGE),
            "Upsample": (lambda **form: layer.Upsample(scale_factor=2, **form), IMAGE),
            "Dropout": (lambda **form: layer.Dropout(0.5, **form), VECTOR),
            "WSConv2d": (lambda **form: layer.WSConv2d(2, 4, 3, **form), IMAGE),
            "WSLinear": (lambda **form: layer.WSLinear(12, 7, **form), VECTOR),
            "VotingLayer": (lambda **form: layer.VotingLayer(4, **form), VECTOR),
            "Delay": (lambda **form: layer.Delay(2, **form), VECTOR),
            "SynapseFilter": (lambda **form: layer.SynapseFilter(3.0, **form), VECTOR),
        }.items()
    },
    "tdBN": (lambda: layer.ThresholdDependentBatchNorm2d(1.0, 0.5, 2), IMAGE),
    "SeqToANNContainer": (
        lambda: layer.SeqToANNContainer(
            nn.Conv2d(2, 4, 3, bias=False), nn.BatchNorm2d(4), nn.Sequential(nn.MaxPool2d(2))
        ),
        IMAGE,
    ),
}
