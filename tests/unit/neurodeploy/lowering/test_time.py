"""Recurrent layers and delays, from torch to the program: training is golden, and so is Loihi."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.errors import DoesNotFitError, UnsupportedLayerError
from neurodeploy.frontend.training import training_trace
from neurodeploy.simulator import run_golden, simulate
from snncore import layer
from targets.loihi.target import target


def neurons(**more: Any) -> quant.CubaLIF:
    return quant.CubaLIF(threshold=0.6, current_decay=0.7, voltage_decay=0.2, **more)


def recurrent(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        quant.Block(quant.Linear(5, 6, bias=True), neurons()),
        quant.Linear(6, 7),
        layer.Recurrent(neurons(), quant.Linear(7, 7)),
        quant.Block(quant.Linear(7, 3), neurons()),
    )


def delayed(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        quant.Block(quant.Conv2d(2, 3, 2), neurons()),
        layer.Delay([0, 3, 1]),
        layer.Flatten(),
        quant.Block(quant.Linear(3 * 2 * 3, 6), neurons()),
        layer.Delay(2),
        layer.Delay([0, 1, 2, 3, 4, 5]),
        quant.Block(quant.Linear(6, 4), neurons()),
    )


def grown(network: nn.Module) -> nn.Module:
    """The network with weights that make it spike."""
    with torch.no_grad():
        for name, value in network.named_parameters():
            value.mul_(3.0 if "weight" in name else 1.0)
    return network


CASES = {"recurrent": (recurrent, (5,)), "delayed": (delayed, (2, 3, 4))}


@pytest.mark.parametrize("name", CASES)
def test_training_is_golden_is_fast_and_is_read_back(name: str) -> None:
    make, shape = CASES[name]
    network = grown(make())
    samples = np.random.default_rng(2).random((17, 4, *shape)) < 0.5
    program = nd.lower(network, example=samples, target="loihi")
    golden = run_golden(program, samples)
    for other in (
        training_trace(network, program, samples.astype(np.int64)),
        simulate(program, samples, "fast"),
    ):
        for node in golden:
            for key, values in golden[node].values.items():
                assert np.array_equal(values, other[node].values[key]), (node, key)
    assert all(golden[node].s.any() for node in golden)
    assert target.read(target.compile(program)) == program


def test_own_spikes_come_a_step_later() -> None:
    program = nd.lower(grown(recurrent()), example=np.zeros((2, 1, 5)))
    feedback = program.by_name["2.feedback"]
    assert [(edge.source, edge.delay) for edge in feedback.sources] == [("2", 1)]
    assert [edge.source for edge in program.by_name["2"].sources] == ["1", "2.feedback"]


def test_delays_add_up_and_follow_a_flatten() -> None:
    program = nd.lower(delayed(), example=np.zeros((2, 1, 2, 3, 4)))
    first, second = (node for node in program.synapses if hasattr(node, "delays"))
    assert first.delays[0].tolist() == [0] * 6 + [3] * 6 + [1] * 6
    assert second.delays[0].tolist() == [2, 3, 4, 5, 6, 7]


def test_saved_and_loaded_again(tmp_path: Any) -> None:
    for name, (make, shape) in CASES.items():
        network = grown(make())
        example = torch.zeros(3, 1, *shape)
        network(example)
        nd.save(network, tmp_path / f"{name}.pt")
        again = nd.load(tmp_path / f"{name}.pt")
        assert nd.lower(again, example=example) == nd.lower(network, example=example)


def test_a_gradient_flows_back_through_both() -> None:
    for make, shape in CASES.values():
        network = grown(make())
        samples = (torch.rand(9, 2, *shape) < 0.5).float()
        network(samples).sum().backward()
        weights = [p for n, p in network.named_parameters() if n.endswith("weight")]
        assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in weights)


def test_what_has_no_place_is_refused() -> None:
    example = np.zeros((2, 1, 2, 3, 4))
    conv = nn.Sequential(layer.Delay(1), quant.Block(quant.Conv2d(2, 1, 2), neurons()))
    with pytest.raises(DoesNotFitError, match=r"1\.synapse: reads what is delayed"):
        nd.lower(conv, example=example)
    plain = nn.Sequential(quant.Linear(5, 5), layer.Recurrent(neurons()))
    with pytest.raises(UnsupportedLayerError, match="1: a recurrent layer of CubaLIF"):
        nd.lower(plain, example=np.zeros((2, 1, 5)))
    late = nn.Sequential(quant.Block(quant.Linear(5, 2), neurons()), layer.Delay(63))
    last = nn.Sequential(*late, quant.Block(quant.Linear(2, 2), neurons()))
    with pytest.raises(DoesNotFitError, match=r"2\.synapse\.delays\[0, 0\]: 63 steps are more"):
        nd.lower(last, example=np.zeros((2, 1, 5)), target="loihi")
