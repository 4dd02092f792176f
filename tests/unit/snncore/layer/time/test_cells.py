"""Spiking RNN, GRU and LSTM against their equations, written out for one sample and step."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from snncore import functional, layer, neuron, surrogate

KINDS = (layer.SpikingRNN, layer.SpikingGRU, layer.SpikingLSTM)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def fired(value: Tensor) -> Tensor:
    return (value >= 0).to(value.dtype)


def by_hand(kind: Any, weights: Any, x: Tensor) -> Tensor:
    """Return the outputs of a direction, gate by gate."""
    w, b = weights.linear_ih.weight, weights.linear_ih.bias
    u, d = weights.linear_hh.weight, weights.linear_hh.bias
    outputs = torch.zeros(*x.shape[:2], u.shape[1], dtype=x.dtype)
    for n in range(x.shape[1]):
        h = c = torch.zeros(u.shape[1], dtype=x.dtype)
        for t in range(len(x)):
            drive, fed = w @ x[t, n] + b, u @ h + d
            if kind is layer.SpikingRNN:
                h = fired(drive + fed)
            elif kind is layer.SpikingGRU:
                (x_r, x_z, x_n), (h_r, h_z, h_n) = drive.chunk(3), fed.chunk(3)
                z = fired(x_z + h_z)
                h = (1 - z) * fired(x_n + fired(x_r + h_r) * h_n) + z * h
            else:
                i, f, g, o = fired(drive + fed).chunk(4)
                c = (f * c + i * g).clamp(max=1)
                h = o * c
            outputs[t, n] = h
    return outputs


@every_kind
def test_outputs_are_those_of_the_equations(kind: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    module, x = kind(5, 6).double(), torch.randn(9, 2, 5).double()
    outputs = module(x)
    assert torch.equal(outputs.detach(), by_hand(kind, module.forth, x))
    assert 0 < outputs.sum() < outputs.numel()
    functional.reset(module)
    single = copy.deepcopy(module)
    functional.set_step_mode(single, "s")
    assert torch.equal(torch.stack([single(step) for step in x]), outputs)
    # States last until the reset.
    assert torch.equal(torch.cat([module(x[:4]), module(x[4:])]), outputs)
    functional.reset(module)
    nd.save(nn.Sequential(module), tmp_path / "model.pt", example=x)
    assert torch.equal(nd.load(tmp_path / "model.pt").double()(x), outputs)


@every_kind
def test_both_directions(kind: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    module, x = kind(5, 3, bidirectional=True, surrogate=surrogate.ATan(3.0)), torch.randn(7, 2, 5)
    outputs = module(x)
    forth = by_hand(kind, module.forth, x)
    back = by_hand(kind, module.back, x.flip(0)).flip(0)
    assert torch.equal(outputs.detach(), torch.cat([forth, back], -1))
    functional.reset(module)
    nd.save(nn.Sequential(module), tmp_path / "model.pt", example=x)
    again = nd.load(tmp_path / "model.pt")
    assert torch.equal(again(x), outputs)
    assert again[0].surrogate == surrogate.ATan(3.0)
    with pytest.raises(ValueError, match="reads the last step first"):
        kind(5, 3, bidirectional=True, step_mode="s")(x[0])


@every_kind
def test_gradients_reach_every_weight(kind: Any) -> None:
    torch.manual_seed(0)
    module = kind(4, 8, bidirectional=True)
    (module(torch.randn(6, 3, 4)) * torch.randn(6, 3, 16)).sum().backward()
    assert all(bool(parameter.grad.any()) for parameter in module.parameters())


@every_kind
def test_what_does_not_fit_is_named(kind: Any) -> None:
    with pytest.raises(ValueError, match=f"{kind.__name__}: takes"):
        kind(5, 3)(torch.zeros(7, 2, 4))
    module = kind(5, 3)
    module(torch.zeros(7, 2, 5))
    with pytest.raises(ValueError, match="call functional"):
        module(torch.zeros(7, 3, 5))
    network = nn.Sequential(kind(5, 3), layer.Linear(3, 2), neuron.LIF())
    with pytest.raises(ValueError, match=rf"0: {kind.__name__} .*\(use "):
        quant.prepare(network, target="int8", example=torch.ones(4, 1, 5))
