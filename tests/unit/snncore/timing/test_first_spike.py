"""Times of first spikes against numeric integration, and their gradients against differences."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
from neurodeploy.errors import NeurodeployError
from snncore.timing import FirstSpike, Leaky
from snncore.timing.kernels import minus_w
from snncore.timing.walk import walk

TAUS = ((1.0, 1.0), (2.0, 1.0), (1.5, 0.7), (0.7, 1.5))


def layer_of(taus: tuple[float, float], inputs: int = 70, outputs: int = 6) -> FirstSpike:
    """Return a layer in double precision in which some neurons fire and some do not."""
    torch.manual_seed(3)
    neurons = FirstSpike(inputs, outputs, tau_mem=taus[0], tau_syn=taus[1]).double()
    neurons.start_over(2.0, 2.0)
    return neurons


def times_of(count: int, inputs: int = 70) -> Tensor:
    """Return times of which some are equal and some never come, more than a block of them."""
    generator = torch.Generator().manual_seed(1)
    times = 3 * torch.rand(count, inputs, generator=generator, dtype=torch.float64)
    times[:, :4] = times[:, 4:8]
    return torch.where(times > 2.7, torch.inf, times)


def integrated(times: Tensor, neurons: FirstSpike, dt: float) -> Tensor:
    """Return the times of first spikes by steps of Euler's method, exact in the limit."""
    weight = neurons.weight.detach()
    v = torch.zeros(len(times), neurons.out_features, dtype=torch.float64)
    i, first = torch.zeros_like(v), torch.full_like(v, torch.inf)
    for step in range(int(6 / dt)):
        now = step * dt
        arriving = ((times >= now - dt / 2) & (times < now + dt / 2)).double()
        i = i + arriving @ weight.t()
        v, i = v + dt / neurons.kernel.tau_mem * (i - v), i - dt / neurons.kernel.tau_syn * i
        first = torch.where((v >= neurons.threshold) & first.isinf(), now + dt, first)
    return first


@pytest.mark.parametrize("taus", TAUS)
def test_times_are_those_of_integration(taus: tuple[float, float]) -> None:
    neurons, times = layer_of(taus), times_of(2)
    exact, stepped = neurons(times).detach(), integrated(times, neurons, 2e-3)
    both = exact.isfinite() & stepped.isfinite()
    assert 3 <= int(both.sum()) < exact.numel()
    # A crossing that Euler's method just misses counts on neither side.
    assert int((exact.isfinite() != stepped.isfinite()).sum()) <= 1
    # At a flat crossing an error of the voltage is a larger one of the time.
    assert float((exact - stepped)[both].abs().median()) < 3e-3


@pytest.mark.parametrize("taus", TAUS)
def test_voltage_is_at_the_threshold_and_never_above_before(taus: tuple[float, float]) -> None:
    neurons, times = layer_of(taus), times_of(2)
    first, weight = neurons(times).detach(), neurons.weight.detach()
    end = torch.where(first.isfinite(), first, 10.0)
    share = torch.linspace(0, 1, 400, dtype=torch.float64)
    since = (end[..., None] * share)[..., None] - times[:, None, None, :]
    response = torch.where(since > 0, neurons.kernel.response(since.clamp(min=0)), 0)
    response = torch.where(since.isfinite(), response, 0)
    voltage = torch.einsum("noki,oi->nok", response, weight)
    at_end = voltage[..., -1][first.isfinite()]
    torch.testing.assert_close(at_end, torch.ones_like(at_end), rtol=0, atol=1e-9)
    assert float(voltage[..., :-1].max()) < 1 + 1e-12


@pytest.mark.parametrize("taus", TAUS)
def test_gradients_are_those_of_differences(taus: tuple[float, float]) -> None:
    neurons, times = layer_of(taus), times_of(2).requires_grad_()
    first = neurons(times)
    fired = first.isfinite()
    # Signs that differ, so that nothing cancels by chance.
    signs = torch.linspace(-1, 1.5, first.numel(), dtype=torch.float64).reshape(first.shape)
    torch.where(fired, first * signs, 0).sum().backward()
    assert times.grad is not None
    assert neurons.weight.grad is not None

    @torch.no_grad()
    def value(times: Tensor, weight: Tensor) -> Tensor:
        other = copy.deepcopy(neurons)
        other.weight.copy_(weight)
        return torch.where(fired, other(times) * signs, 0).sum()

    base, weight, h = times.detach(), neurons.weight.detach(), 1e-6
    for index in (0, 9, 33, 69):
        change = torch.zeros_like(base)
        change[1, index] = h if base[1, index].isfinite() else 0.0
        numeric = (value(base + change, weight) - value(base - change, weight)) / (2 * h)
        assert float(times.grad[1, index]) == pytest.approx(float(numeric), rel=1e-4, abs=1e-6)
        change = torch.zeros_like(weight)
        change[index % 6, index] = h
        numeric = (value(base, weight + change) - value(base, weight - change)) / (2 * h)
        own = float(neurons.weight.grad[index % 6, index])
        assert own == pytest.approx(float(numeric), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("taus", TAUS[:2])
def test_gradients_are_those_of_the_adjoint_equations(taus: tuple[float, float]) -> None:
    """EventProp: lambda_v jumps at the spike, runs backwards, and lambda_i is read at inputs."""
    neurons, times = layer_of(taus), times_of(1).requires_grad_()
    first = neurons(times)
    spike = float(first[0, 0].detach())
    first[0, 0].backward()
    assert times.grad is not None
    tau_mem, tau_syn = taus
    since = spike - times.detach()[0]
    current = torch.where(since > 0, torch.exp(-since / tau_syn), 0) @ neurons.weight.detach()[0]
    slope = (float(current) - neurons.threshold) / tau_mem
    jump, dt = -1 / (tau_mem * slope), 1e-4
    # tau_mem l_v' = -l_v and tau_syn l_i' = -l_i + l_v in time that runs backwards.
    l_v, l_i, at = jump, 0.0, []
    for _ in range(int(spike / dt) + 1):
        at.append(l_i)
        l_i += dt / tau_syn * (l_v - l_i)
        l_v -= dt / tau_mem * l_v
    assert neurons.weight.grad is not None
    for index in range(0, 70, 11):
        if 0 < float(since[index]) < spike:
            adjoint = tau_syn * at[int(float(since[index]) / dt)]
            own = float(neurons.weight.grad[0, index])
            assert own == pytest.approx(adjoint, rel=5e-3, abs=1e-3 * abs(jump))


def test_lambert_w_solves_its_equation() -> None:
    exponent = -1 - torch.logspace(-12, 1.8, 300, dtype=torch.float64)
    u = minus_w(exponent)
    assert bool(((u > 0) & (u <= 1)).all())
    torch.testing.assert_close(u.log() - u, exponent, rtol=1e-13, atol=1e-13)
    assert float(minus_w(torch.tensor(-1.0))) == 1.0


def test_late_spikes_are_as_exact_as_early_ones() -> None:
    neurons, times = layer_of(TAUS[0]), times_of(1)
    early, late = neurons(times), neurons(times + 1e4)
    both = early.isfinite()
    torch.testing.assert_close(late[both] - 1e4, early[both], rtol=0, atol=1e-9)
    single = neurons.float()(times.float() + 100)
    torch.testing.assert_close(single[both] - 100, early[both].float(), rtol=0, atol=1e-3)


def test_any_leading_shape_and_a_silent_input() -> None:
    neurons = layer_of(TAUS[1]).float()
    times = times_of(6).float()
    whole = neurons(times)
    torch.testing.assert_close(neurons(times.reshape(2, 3, -1)).flatten(0, 1), whole)
    torch.testing.assert_close(neurons(times[0]), whole[0])
    assert neurons(times[:0]).shape == (0, 6)
    silent = torch.full((2, 70), torch.inf, requires_grad=True)
    first = neurons(silent)
    assert bool(first.isinf().all())
    torch.where(first.isfinite(), first, 0).sum().backward()
    assert neurons.weight.grad is not None
    assert not bool(neurons.weight.grad.any())


@pytest.mark.parametrize("taus", TAUS[:2])
def test_second_derivatives_are_those_of_differences(taus: tuple[float, float]) -> None:
    neurons, times = layer_of(taus), times_of(1)
    weight = neurons.weight

    def slope(value: float) -> Tensor:
        with torch.no_grad():
            weight[0, 5] = value
        first = neurons(times)[0, 0]
        return torch.autograd.grad(first, weight, create_graph=True)[0][0, 9]

    at, h = float(weight.detach()[0, 5]), 1e-6
    own = torch.autograd.grad(slope(at), weight)[0][0, 5]
    numeric = (slope(at + h) - slope(at - h)).detach() / (2 * h)
    assert float(own) != 0
    assert float(own) == pytest.approx(float(numeric), rel=1e-4)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (torch.zeros(2, 3), r"takes times \(\.\.\., 70\)"),
        (torch.zeros(2, 70, dtype=torch.float16), "float32 or float64"),
        (torch.full((2, 70), torch.nan), "nan or -inf"),
    ],
)
def test_bad_times_are_refused(times: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        layer_of(TAUS[0])(times)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="tau_mem: -1"):
        FirstSpike(1, 1, tau_mem=-1)
    with pytest.raises(ValueError, match="positive threshold"):
        FirstSpike(1, 1, threshold=0)


def test_a_saved_network_is_the_same(tmp_path: Path) -> None:
    network = nn.Sequential(FirstSpike(70, 8, tau_mem=2.0), FirstSpike(8, 3, tau_mem=2.0))
    times = times_of(4).float()
    nd.save(network, tmp_path / "model.pt")
    again = nd.load(tmp_path / "model.pt")
    torch.testing.assert_close(again(times), network(times), rtol=0, atol=0)
    with pytest.raises(NeurodeployError, match="FirstSpike"):
        nd.export(network, target="onnx", path=tmp_path / "out", example=torch.zeros(4, 2, 70))


def test_stretches_do_not_depend_on_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    neurons, times = layer_of(TAUS[1]), times_of(2)
    whole = [each.voltage for each in walk(times, neurons.weight.detach(), Leaky(2.0, 1.0))]
    monkeypatch.setattr("snncore.timing.walk._BLOCK", 7)
    parts = [each.voltage for each in walk(times, neurons.weight.detach(), Leaky(2.0, 1.0))]
    torch.testing.assert_close(torch.cat(parts, 1), torch.cat(whole, 1), rtol=1e-12, atol=1e-12)
