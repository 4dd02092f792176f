"""Faults: their distributions, what they depend on, and what is left of them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from snncore import faults, functional, layer, neuron

LAYERS = {
    "noise": partial(faults.Noise, 0.5),
    "mismatch": partial(faults.Mismatch, 0.3),
    "dropped spikes": partial(faults.DropSpikes, 0.25),
}


def network(**options: Any) -> nn.Sequential:
    torch.manual_seed(0)
    lif = partial(neuron.LIF, threshold=0.3, backend="torch", **options)
    net = nn.Sequential(layer.Linear(6, 30), lif(), layer.Linear(30, 4), lif())
    with torch.no_grad():
        net[2].weight.mul_(4)
    return net


def test_noise_is_normal_and_new_in_every_step() -> None:
    noise = faults.Noise(0.5)(torch.ones(40, 50, 30)) - 1
    assert noise.std() == pytest.approx(0.5, abs=0.01)
    assert noise.mean() == pytest.approx(0, abs=0.01)
    assert noise.unique().numel() > 50_000
    kept = (noise.abs() < 0.5).double().mean()
    assert kept == pytest.approx(0.6827, abs=0.01)


def test_mismatch_is_the_same_factor_of_a_unit_always() -> None:
    fault = faults.Mismatch(0.3, seed=4)
    x = torch.rand(5, 3, 2000) + 1
    factors = fault(x) / x
    assert torch.allclose(factors, factors[0, 0].expand_as(factors), rtol=1e-5)
    assert factors[0, 0].log().std() == pytest.approx(0.3, abs=0.02)
    fault.reset()
    assert torch.allclose(fault(x), factors * x, rtol=1e-5)
    assert not torch.equal(faults.Mismatch(0.3, seed=5)(x), fault(x))


def test_a_mismatch_of_currents_is_one_of_thresholds() -> None:
    """Neurons without a rest other than zero scale with their thresholds."""
    fault, x = faults.Mismatch(0.5), torch.rand(30, 4, 8) * 2
    factor = fault(torch.ones(1, 1, 8))[0, 0]
    high = neuron.LIF(threshold=1 / factor, backend="torch")
    scaled = neuron.LIF(threshold=1.0, backend="torch")
    spikes = scaled(fault(x))
    assert 0.05 < spikes.mean() < 0.95
    assert (spikes != high(x)).double().mean() < 0.001


def test_spikes_are_lost_at_the_rate() -> None:
    spikes = (torch.rand(40, 50, 30) < 0.5).float()
    arriving = faults.DropSpikes(0.25)(spikes)
    assert ((arriving == 0) | (arriving == spikes)).all()
    assert arriving.sum() / spikes.sum() == pytest.approx(0.75, abs=0.01)
    assert faults.DropSpikes(1.0)(spikes).sum() == 0


@pytest.mark.parametrize("name", LAYERS)
def test_faults_are_the_same_step_by_step_and_other_ones_after_a_reset(name: str) -> None:
    x = torch.rand(6, 3, 50) + 1
    fault = LAYERS[name](seed=7)
    whole = fault(x)
    fault.reset()
    following = fault(x)
    again = LAYERS[name](seed=7, step_mode="s")
    assert torch.equal(torch.stack([again(step) for step in x]), whole)
    again.reset()
    again.reset()
    parts = LAYERS[name](seed=7)
    assert torch.equal(torch.cat([parts(x[:2]), parts(x[2:])]), whole)
    assert torch.equal(following, whole) == (name == "mismatch")
    fault.restart()
    assert torch.equal(fault(x), whole)
    assert torch.equal(LAYERS[name](seed=8)(x), whole) is False
    assert LAYERS[name]().config()["step_mode"] == "m"


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_pass(name: str) -> None:
    x = torch.ones(4, 2, 5, requires_grad=True)
    fault = LAYERS[name]()
    out = fault(x)
    out.sum().backward()
    expected = torch.ones_like(x) if name == "noise" else out.detach()
    assert torch.allclose(x.grad, expected)


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0])
def test_stuck_synapses_stay_and_the_others_learn(value: float) -> None:
    synapse = layer.Linear(40, 50, bias=False)
    before = synapse.weight.detach().clone()
    broken = faults.StuckSynapses(synapse, 0.2, value=value, seed=3)
    x = torch.eye(40).unsqueeze(0)
    weights = broken(x)[0].T
    stuck = weights != before
    assert stuck.double().mean() == pytest.approx(0.2, abs=0.03)
    assert torch.equal(weights[stuck], (value * before.abs().max()).expand(int(stuck.sum())))
    broken(x).square().sum().backward()
    assert (synapse.weight.grad[stuck] == 0).all()
    assert (synapse.weight.grad[~stuck] != 0).all()
    assert torch.equal(synapse.weight, before)


@pytest.mark.parametrize("kind", faults.KINDS)
@pytest.mark.parametrize("step_mode", ["m", "s"])
def test_injected_faults_are_those_of_the_seed_and_leave_nothing(kind: str, step_mode: str) -> None:
    net, x = network(), torch.rand(12, 5, 6) * 2
    functional.set_step_mode(net, step_mode)

    def run() -> Tensor:
        functional.reset(net)
        return net(x) if step_mode == "m" else torch.stack([net(step) for step in x])

    keys = list(net.state_dict())
    healthy = run().detach()
    assert 0.05 < healthy.mean() < 0.95
    strength = 0.3
    outputs = []
    for seed in (0, 0, 1):
        with faults.injected(net, kind, strength, seed=seed):
            outputs.append(run().detach())
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], healthy)
    assert not torch.equal(outputs[0], outputs[2])
    assert torch.equal(run(), healthy)
    assert list(net.state_dict()) == keys
    with faults.injected(net, kind, 0.0):
        assert torch.equal(run(), healthy)


def test_faults_are_alike_in_both_step_modes() -> None:
    x = torch.rand(12, 5, 6) * 2
    for kind in faults.KINDS:
        net = network()
        with faults.injected(net, kind, 0.3):
            whole = net(x)
        functional.reset(net)
        functional.set_step_mode(net, "s")
        with faults.injected(net, kind, 0.3):
            assert torch.equal(torch.stack([net(step) for step in x]), whole), kind


def test_a_network_learns_under_faults_and_keeps_its_parameters() -> None:
    net, x = network(), torch.rand(12, 5, 6) * 2
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    before = [parameter.detach().clone() for parameter in net.parameters()]
    with faults.injected(net, "stuck at zero", 0.3, seed=2):
        functional.reset(net)
        net(x).sum().backward()
        optimizer.step()
    moved = [(p != old).double().mean() for p, old in zip(net.parameters(), before, strict=True)]
    assert 0.3 < moved[0] < 0.8
    assert [id(p) for p in net.parameters()] == [id(p) for p in optimizer.param_groups[0]["params"]]


def test_a_network_without_faults_is_as_if_it_never_had_any() -> None:
    plain, x = network(), torch.rand(12, 5, 6) * 2
    first, lif, second, last = network()
    damaged = nn.Sequential(
        faults.StuckSynapses(first, 0.5),
        faults.Noise(0.3),
        lif,
        faults.DropSpikes(0.5),
        second,
        faults.Mismatch(0.5),
        last,
    )
    expected = plain(x)
    assert not torch.equal(damaged(x), expected)
    functional.reset(damaged)
    healed = faults.without(damaged)
    assert torch.equal(healed(x), expected)
    assert list(healed.state_dict()) == list(plain.state_dict())


def test_a_sweep_falls_with_the_strength_and_repeats_itself() -> None:
    net, x = network(), torch.rand(12, 200, 6) * 2
    with torch.no_grad():
        labels = net(x).sum(0).argmax(1)
    strengths = {"dropped spikes": (0.05, 1.0), "noise": (0.0, 2.0), "stuck at zero": (1.0,)}
    measured = faults.sweep(net.train(), x, labels, strengths=strengths, seeds=2)
    assert net.training
    assert measured.healthy == 1
    assert measured.mean("noise", 0.0) == 1
    assert measured.mean("noise", 2.0) < measured.healthy - 0.1
    silent = float((labels == 0).double().mean())
    assert silent < 0.9
    assert measured.mean("dropped spikes", 1.0) == pytest.approx(silent)
    assert measured.mean("stuck at zero", 1.0) == pytest.approx(silent)
    assert 0.6 < measured.mean("dropped spikes", 0.05) <= 1
    assert measured.bears("noise") == 0
    loss = (1 - silent) / 2
    assert measured.bears("dropped spikes", loss=loss) == 0.05
    again = faults.sweep(net, x, labels, strengths=strengths, seeds=2)
    assert again == measured
    assert "dropped spikes" in measured.text()
    assert '"healthy": 1.0' in measured.to_json()
    (axes,) = measured.figure().axes
    assert len(axes.lines) == 3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: faults.Noise(-1.0), "Noise.deviation: -1"),
        (lambda: faults.DropSpikes(1.5), "DropSpikes.probability: 1.5"),
        (lambda: faults.StuckSynapses(neuron.LIF(), 0.1), "LIF has no weights"),
        (lambda: faults.StuckSynapses(layer.Linear(2, 2), 2.0), "share: 2.0"),
        (lambda: faults.injected(network(), "rust", 0.1).__enter__(), "no kind 'rust'"),
        (lambda: faults.injected(nn.Flatten(), "noise", 0.1).__enter__(), "no layer for 'noise'"),
        (lambda: faults.injected(network(), "stuck at one", 2.0).__enter__(), "a share of 2.0"),
        (
            lambda: faults.sweep(network(), torch.rand(3, 2, 6), torch.zeros(3)),
            "a label for each of N samples",
        ),
    ],
)
def test_bad_input_is_refused(call: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
