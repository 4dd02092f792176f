"""The families of neurons against their papers' formulas, in both step modes, saved and loaded."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import neurodeploy as nd
from snncore import functional, neuron

Make = Callable[..., neuron.EquationNeuron]
States = dict[str, float]
# From the states and an input to the spike; the states are updated.
Formula = Callable[[States, float], float]


def leaky(s: States, x: float) -> float:
    """Step snnTorch's Leaky: the reset subtracts one step after the spike."""
    late = float(s["mem"] > 1)
    s["mem"] = 0.9 * s["mem"] + x - late
    return float(s["mem"] > 1)


def leaky_at_once(s: States, x: float) -> float:
    late = float(s["mem"] > 1)
    h = 0.9 * s["mem"] + x - late
    fired = float(h > 1)
    s["mem"] = h - (fired - late)
    return 2 * fired


def synaptic(s: States, x: float) -> float:
    late = s["mem"] > 1
    s["syn"] = 0.9 * s["syn"] + x
    s["mem"] = 0.0 if late else 0.8 * s["mem"] + s["syn"]
    return float(s["mem"] > 1)


def alpha(s: States, x: float) -> float:
    late = s["mem"] > 1
    e, i = 0.9 * s["syn_exc"] + x, 0.8 * s["syn_inh"] - x
    tau = math.log(0.9) / (math.log(0.8) - math.log(0.9)) + 1
    s["syn_exc"], s["syn_inh"] = (0.0, 0.0) if late else (e, i)
    s["mem"] = 0.0 if late else tau * (e + i)
    return float(s["mem"] > 1)


def lapicque(s: States, x: float) -> float:
    late = float(s["mem"] > 1)
    s["mem"] = x * 5 * (1 / 5) + (1 - 1 / 5) * s["mem"] - late
    return float(s["mem"] > 1)


def klif(s: States, x: float) -> float:
    """Step the paper's F = ReLU(k H), with the voltage divided by k again before the reset."""
    f = max(1.3 * (s["v"] + (x - s["v"]) / 2), 0.0)
    fired = float(f >= 1)
    s["v"] = f / 1.3 - fired * 1 / 1.3
    return fired


def refractory(s: States, x: float) -> float:
    if s["wait"] > 0:
        s["wait"] -= 1
        return 0.0
    h = s["v"] + (x - s["v"]) / 2
    fired = float(h >= 0.5)
    s["v"], s["wait"] = (0.0, 2.0) if fired else (h, 0.0)
    return fired


def adex(s: States, x: float) -> float:
    """Step Brette and Gerstner's two equations, by Euler's rule."""
    v, w = s["v"], s["w"]
    h = v + (x - v + 0.2 * math.exp((v - 0.8) / 0.2) - w) / 2
    fired = float(h >= 1)
    s["v"] = -0.1 if fired else h
    s["w"] = w + (0.1 * v - w) / 10 + 0.2 * fired
    return fired


def lsnn(s: States, x: float) -> float:
    """Step the e-prop paper's ALIF: v = a v + x - z th, A = th + b a, a = r a + z."""
    s["v"] = 0.9 * s["v"] + x - s["z"]
    s["a"] = 0.95 * s["a"] + s["z"]
    s["z"] = float(s["v"] >= 1 + 0.2 * s["a"])
    return s["z"]


def resonate(s: States, x: float) -> float:
    """Step Izhikevich's resonate and fire: a complex number is turned and shrunk."""
    turned = complex(s["u"], s["v"]) * 0.9 * complex(0.877583, 0.479426)
    fired = float(turned.imag >= 1)
    s["u"], s["v"] = turned.real + x, 0.0 if fired else turned.imag
    return fired


def compartments(s: States, x: float) -> float:
    """Step TC-LIF: a dendrite and a soma that drive one another, with sigmoids of 0 between."""
    s["d"] = s["d"] - 0.5 * s["v"] + x - 0.5 * s["z"]
    s["v"] = s["v"] + 0.5 * s["d"] - s["z"]
    s["z"] = float(s["v"] >= 1)
    return s["z"]


def resting(s: States, x: float) -> float:
    h = s["v"] + (x - (s["v"] + 0.25)) / 3
    fired = float(h >= 0.4)
    s["v"] = -0.25 if fired else h
    return fired


def ternary(s: States, x: float) -> float:
    h = s["v"] + x
    fired = float(h >= 1) - float(-h >= 1)
    s["v"] = -0.25 if fired else h
    return fired


CASES: dict[str, tuple[Make, Formula]] = {
    "Leaky": (neuron.Leaky, leaky),
    "Leaky at once, twice as large": (
        lambda **o: neuron.Leaky(delayed=False, gain=2.0, **o),
        leaky_at_once,
    ),
    "Synaptic": (lambda **o: neuron.Synaptic(reset="hard", **o), synaptic),
    "Alpha": (neuron.Alpha, alpha),
    "Lapicque": (neuron.Lapicque, lapicque),
    "KLIF": (lambda **o: neuron.KLIF(k=1.3, scale_reset=True, reset="soft", **o), klif),
    "RefractoryLIF": (lambda **o: neuron.RefractoryLIF(threshold=0.5, **o), refractory),
    "AdEx": (neuron.AdEx, adex),
    "LSNN": (neuron.LSNN, lsnn),
    "ResonateAndFire": (neuron.ResonateAndFire, resonate),
    "TwoCompartmentLIF": (neuron.TwoCompartmentLIF, compartments),
    "LIF with a rest": (lambda **o: neuron.LIF(3.0, 0.4, rest=-0.25, **o), resting),
    "OnlineLIF with a rest": (lambda **o: neuron.OnlineLIF(3.0, 0.4, rest=-0.25, **o), resting),
    "TernaryIF with a rest": (lambda **o: neuron.TernaryIF(rest=-0.25, **o), ternary),
}
every = pytest.mark.parametrize("name", CASES)
# Kernels of these are compiled in every run; --full compiles all.
COMPILED = ("RefractoryLIF", "TwoCompartmentLIF")


def drive(kind: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return (torch.randn(24, 2, 3, generator=generator, dtype=torch.float64) + 0.4).to(kind)


def reference(module: neuron.EquationNeuron, formula: Formula, x: Tensor) -> Tensor:
    """Return the spikes of a formula, one number after another."""
    outputs = torch.zeros_like(x)
    for index in torch.cartesian_prod(*(torch.arange(size) for size in x.shape[1:])).tolist():
        states = {name: module.initial.get(name, 0.0) for name in module.equations.states}
        for t in range(len(x)):
            outputs[(t, *index)] = formula(states, float(x[(t, *index)]))
    return outputs


@every
def test_spikes_are_those_of_the_formula(name: str, tmp_path: Path) -> None:
    make, formula = CASES[name]
    module, x = make(backend="torch"), drive()
    spikes = module(x)
    assert torch.equal(spikes.detach(), reference(module, formula, x))
    assert 0 < int((spikes != 0).sum()) < spikes.numel()
    # One number changed changes them.
    assert not torch.equal(make(backend="torch")(-x), spikes)
    single = make(backend="torch", step_mode="s")
    assert torch.equal(torch.stack([single(step) for step in x]), spikes)
    nd.save(torch.nn.Sequential(make(backend="torch")), tmp_path / "model.pt", example=x)
    again = nd.load(tmp_path / "model.pt")
    assert torch.equal(again(x), spikes)
    functional.reset(again)
    assert torch.equal(copy.deepcopy(again)(x), spikes)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in COMPILED else [pytest.mark.thorough])
        for name in CASES
    ],
)
def test_kernels_compute_the_same(name: str) -> None:
    make, _ = CASES[name]
    x = drive(torch.float32)
    results = []
    for backend in ("torch", "cpp"):
        driven = x.clone().requires_grad_()
        spikes = make(backend=backend)(driven)
        (spikes * torch.linspace(-1, 1, spikes.numel()).reshape(spikes.shape)).sum().backward()
        results.append((spikes.detach(), driven.grad))
    assert torch.equal(results[0][0], results[1][0])
    assert torch.allclose(results[0][1], results[1][1], rtol=1e-5, atol=1e-6)
    assert bool(results[0][1].any())


def test_starts_and_rests_are_options() -> None:
    x = drive()
    assert neuron.LIF(rest=0.0).equations == neuron.LIF().equations
    for kind in (neuron.IF, neuron.LIF, neuron.ParametricLIF, neuron.TernaryLIF, neuron.KLIF):
        module = kind(rest=-0.5, backend="torch")
        assert module.initial == {"v": -0.5}
        assert kind(**module.config() | {"surrogate": None}).initial == {"v": -0.5}
        assert not torch.equal(module(x), kind(backend="torch")(x))
    started = neuron.QIF(initial={"v": -0.1}, backend="torch")
    assert started.config()["initial"] == {"v": -0.1}
    assert "initial" not in neuron.QIF().config()
    half = neuron.IF(initial={"v": 0.5}, backend="torch")
    assert torch.equal(half(0 * x + 0.25)[:, 0, 0][:4], torch.tensor([0.0, 1, 0, 0]).double())
    with pytest.raises(ValueError, match=r"LIF\.initial: no state 'u'; there are v"):
        neuron.LIF(initial={"u": 1.0})
    with pytest.raises(ValueError, match=r"LIF\.rest: v starts at one number"):
        neuron.LIF(rest=torch.zeros(3))
    assert neuron.LIF(rest=torch.zeros(3), initial={"v": 0.0})(x).shape == x.shape


def test_online_gradients_do_not_flow_through_time() -> None:
    x = drive().requires_grad_()
    neuron.OnlineLIF(backend="torch")(x)[-1].sum().backward()
    assert x.grad is not None
    assert bool(x.grad[-1].all())
    assert not bool(x.grad[:-1].any())


def test_dendrites_take_an_input_each() -> None:
    x, y = drive(), drive().flip(0)
    module = neuron.DendriticLIF(0.2, backend="torch")
    spikes = module(x, y)
    shares = [1 / (1 + math.exp(-value)) for value in (2.0, -2.0, 0.0)]
    first = second = v = torch.zeros_like(x[0])
    for t in range(len(x)):
        first = shares[0] * first + (1 - shares[0]) * x[t]
        second = shares[1] * second + (1 - shares[1]) * y[t]
        v = shares[2] * v + (1 - shares[2]) * (first + second)
        fired = (v >= 0.2).double()
        assert torch.equal(spikes[t], fired)
        v = v - 0.2 * fired
    assert 0 < spikes.sum() < spikes.numel()


@pytest.mark.parametrize("color", [0.0, 1.0])
def test_noise_is_that_of_its_seed_and_ends_with_training(color: float) -> None:
    x = drive()
    module = neuron.NoisyLIF(sigma=0.5, sigma_spike=0.1, color=color, seed=3, backend="torch")
    first = module(x)
    assert not torch.equal(module(x), first)
    functional.reset(module)
    assert torch.equal(module(x), first)
    other = neuron.NoisyLIF(sigma=0.5, sigma_spike=0.1, color=color, seed=4, backend="torch")
    assert not torch.equal(other(x), first)
    functional.reset(module)
    assert torch.equal(module.eval()(x), neuron.LIF(backend="torch")(x))
    assert neuron.NoisyLIF(**module.config() | {"surrogate": None}).config() == module.config()


def test_colored_noise_has_its_spectrum() -> None:
    module = neuron.NoisyIF(sigma=1.0, color=2.0)
    noise = module._drawn("sigma", torch.zeros(256, 400))
    assert float(noise.var()) == pytest.approx(1.0, abs=0.15)
    power = torch.fft.rfft(noise, dim=0).abs().square().mean(1)
    # Four times the frequency has a sixteenth of the power.
    assert float(power[8] / power[32]) == pytest.approx(16.0, rel=0.3)
    with pytest.raises(ValueError, match=r"NoisyLIF\.color"):
        neuron.NoisyLIF(color=1.0, step_mode="s")
    with pytest.raises(ValueError, match=r"NoisyLIF\.sigma: -1"):
        neuron.NoisyLIF(sigma=-1.0)


def test_a_masked_psn_reads_its_last_inputs(tmp_path: Path) -> None:
    torch.manual_seed(0)
    x = drive(torch.float32)[:8] * 3
    module = neuron.MaskedPSN(3, 8, threshold=0.2)
    spikes = module(x)
    weight, threshold = module.weight.detach(), module.threshold.detach()
    sums = [sum(float(weight[t, i]) * x[i] for i in range(max(0, t - 2), t + 1)) for t in range(8)]
    expected = torch.stack([(h - threshold[t] >= 0).float() for t, h in enumerate(sums)])
    assert torch.equal(spikes, expected)
    assert 0 < spikes.sum() < spikes.numel()
    single = copy.deepcopy(module)
    functional.set_step_mode(single, "s")
    assert torch.equal(torch.stack([single(step) for step in x]), spikes)
    with pytest.raises(ValueError, match="has 8 steps, and is given step 9"):
        single(x[0])
    functional.reset(single)
    assert torch.equal(single(x[0]), spikes[0])
    half = neuron.MaskedPSN(3, 8, share=0.5)
    half.load_state_dict(module.state_dict())
    mask = torch.ones(8, 8).tril() * torch.ones(8, 8).triu(-2)
    assert torch.allclose(half.weights(), (0.5 * mask + 0.5) * weight)
    nd.save(torch.nn.Sequential(module), tmp_path / "model.pt", example=x)
    assert torch.equal(nd.load(tmp_path / "model.pt")(x), spikes)


def _wrong(**options: Any) -> None:
    neuron.MaskedPSN(**options)


def test_a_masked_psn_refuses_what_it_cannot_do() -> None:
    with pytest.raises(ValueError, match=r"MaskedPSN\.order"):
        _wrong(order=9, steps=8)
    with pytest.raises(ValueError, match=r"MaskedPSN\.share"):
        _wrong(order=2, steps=8, share=2.0)
    module = neuron.MaskedPSN(2, 8, share=0.5, step_mode="s")
    with pytest.raises(ValueError, match="reads later steps"):
        module(torch.zeros(2, 3))
