"""Neurons whose threshold rises, against the integers that slayer's code computes with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.errors import DoesNotFitError
from neurodeploy.frontend.foreign.neurons.slayer_formats import form_of
from quant.grid.formats import ChipFormat
from snncore import functional
from snncore.dynamics.zoo.adapting import ADAPTING_LIF

ADAPTING: Any = {"threshold": 1.0, "threshold_step": 0.25, "threshold_decay": 0.125}
ADAPTING |= {"refractory_decay": 0.1}
LEAKS: Any = {"current_decay": 0.25, "voltage_decay": 0.03}
TURN: Any = {"sine": 0.53, "cosine": 0.73}
Integers = NDArray[np.int64]


def form(kind: str) -> ChipFormat:
    return form_of(type("Neuron", (), {"__module__": f"lava.lib.dl.slayer.neuron.{kind}"})())


def kept(state: Integers, decay: float) -> Integers:
    """Return a state after a step: slayer shifts products by twelve bits towards zero."""
    product = state * (4096 - round(decay * 4096))
    rounded: Integers = np.sign(product) * (np.abs(product) >> 12)
    return rounded


def raised_after(spikes: Any, raised: Integers, tired: Integers) -> tuple[Integers, Integers]:
    first, step = (round(ADAPTING[name] * 4096) for name in ("threshold", "threshold_step"))
    return raised + step * spikes, tired + 2 * (raised + first) * spikes


def lif_in_integers(drive: Integers) -> Integers:
    """Return the spikes of neurons driven by multiples of 1/4096."""
    u, v, raised, tired = (np.zeros_like(drive[0]) for _ in range(4))
    sent = np.zeros_like(drive)
    for step, x in enumerate(drive):
        u = kept(u, LEAKS["current_decay"]) + x
        v = kept(v, LEAKS["voltage_decay"]) + u
        raised = kept(raised, ADAPTING["threshold_decay"])
        tired = kept(tired, ADAPTING["refractory_decay"])
        sent[step] = v >= raised + round(ADAPTING["threshold"] * 4096) + tired
        raised, tired = raised_after(sent[step], raised, tired)
    return sent


def resonators_in_integers(drive: tuple[Integers, Integers]) -> Integers:
    real, imag, raised, tired = (np.zeros_like(drive[0][0]) for _ in range(4))
    sine, cosine = (1 - TURN["sine"], 1 - TURN["cosine"])
    sent = np.zeros_like(drive[0])
    for step, (a, b) in enumerate(zip(*drive, strict=True)):
        was = imag
        real, imag = (
            kept(real, cosine) - kept(imag, sine) + a,
            kept(real, sine) + kept(imag, cosine) + b,
        )
        raised = kept(raised, ADAPTING["threshold_decay"])
        tired = kept(tired, ADAPTING["refractory_decay"])
        reached = real >= raised + round(ADAPTING["threshold"] * 4096) + tired
        sent[step] = reached & (imag >= 0) & (was < 0)
        raised, tired = raised_after(sent[step], raised, tired)
    return sent


def lif_network() -> nn.Sequential:
    torch.manual_seed(0)
    weights = quant.Linear(6, 8, format=form("alif"))
    nn.init.normal_(weights.weight, std=0.25)
    own = quant.Defined(ADAPTING_LIF, format=form("alif"), **LEAKS, **ADAPTING)
    return nn.Sequential(quant.Block(weights, own)).eval()


def resonator_network() -> nn.Sequential:
    torch.manual_seed(0)
    real, imag = (quant.Linear(6, 8, format=form("adrf")) for _ in range(2))
    for part in (real, imag):
        nn.init.normal_(part.weight, std=0.8)
    own = quant.AdaptiveResonator(format=form("adrf"), **TURN, **ADAPTING)
    return nn.Sequential(quant.ComplexBlock(real, imag, own)).eval()


def samples() -> Tensor:
    return (torch.rand(80, 4, 6, generator=torch.manual_seed(1)) < 0.5).float()


def drives(x: Tensor, weights: Any) -> Integers:
    sums = x.double() @ (weights.integer_weight(weights.weight).double() * 64).T
    whole: Integers = sums.detach().numpy().astype(np.int64)
    return whole


def test_a_voltage_fires_at_the_threshold_that_spikes_raise() -> None:
    network, x = lif_network(), samples()
    block: Any = network[0]
    expected = lif_in_integers(drives(x, block.synapse))
    assert 100 < expected.sum() < expected.size / 2
    assert (network(x).detach().numpy() == expected).all()


def test_a_phase_fires_at_the_threshold_that_spikes_raise() -> None:
    network, x = resonator_network(), samples()
    block: Any = network[0]
    expected = resonators_in_integers((drives(x, block.real), drives(x, block.imag)))
    assert 100 < expected.sum() < expected.size / 4
    assert (network(x).detach().numpy() == expected).all()


@pytest.mark.parametrize("build", [lif_network, resonator_network])
def test_they_are_saved_and_lowered_and_their_program_is_golden(build: Any, tmp_path: Path) -> None:
    network, x = build(), samples()
    expected = network(x).detach().numpy()
    nd.save(network, tmp_path / "model.pt", example=x)
    again = nd.load(tmp_path / "model.pt")
    assert (again(x).detach().numpy() == expected).all()
    functional.reset(again)
    program = nd.lower(again, example=x, target="c")
    assert (nd.simulate(program, x, engine="golden").output == expected).all()
    with pytest.raises(DoesNotFitError, match="Loihi's neuron is CUBA LIF, and this is Adapti"):
        nd.export(again, target="loihi", path=tmp_path / "out", example=x)


def test_what_adapts_learns() -> None:
    own: Any = quant.AdaptiveResonator(format=form("adrf"), learnable=["threshold_step"], **TURN)
    x = samples()
    own(torch.stack((x, 2 * x), 2)).sum().backward()
    assert own.threshold_step.grad.abs().item() > 0
