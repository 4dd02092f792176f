"""Encoders and monitors."""

import pytest
import torch
from torch import nn

from snncore import encoding, layer, monitor, neuron


def test_level_counts_spikes_as_rounded_values() -> None:
    values = torch.rand(50, 3, generator=torch.Generator().manual_seed(1))
    spikes = encoding.level(values, 8)
    assert spikes.shape == (8, 50, 3)
    assert set(spikes.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(spikes.sum(0), torch.round(values * 8))
    # The brighter, the longer: no gaps.
    assert bool((spikes[1:] <= spikes[:-1]).all())


def test_level_at_its_ends() -> None:
    assert encoding.level(torch.tensor([0.0, 1.0]), 4).sum(0).tolist() == [0, 4]
    # Half a level is not beyond half a level.
    assert encoding.level(torch.tensor([0.125, 0.1251]), 4).sum(0).tolist() == [0, 1]


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_values_beyond_0_to_1_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="must lie in"):
        encoding.level(torch.tensor([0.5, value]), 4)


def test_no_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="0 steps"):
        encoding.level(torch.tensor([0.5]), 0)


def make_network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(layer.Linear(3, 5), neuron.LIF(), nn.Sequential(neuron.CubaLIF(0.3)))


def test_a_monitor_sees_every_step_of_every_neuron_and_no_more() -> None:
    network, x = make_network(), torch.rand(6, 2, 3) * 4
    with monitor.record(network) as recording:
        output = network(x)
        seen = {name: set(values) for name, values in recording.items()}
    assert seen == {"1": {"s", "v"}, "2.0": {"s", "u", "v"}}
    assert torch.equal(recording["2.0"]["s"], output)
    assert output.sum() > 0
    for name, module in (("1", network[1]), ("2.0", network[2][0])):
        for state, value in module.states.items():
            assert recording[name][state].shape == (6, 2, 5)
            assert torch.equal(recording[name][state][-1], value)
            assert not recording[name][state].requires_grad
    assert len(recording) == 2
    before = recording["1"]["s"].clone()
    network(x)
    assert torch.equal(recording["1"]["s"], before)
    assert network[1].record is None


def test_a_monitor_lets_go_when_the_network_fails() -> None:
    network = make_network()
    with pytest.raises(RuntimeError), monitor.record(network):
        network(torch.rand(6, 2, 4))
    assert network[1].record is None
