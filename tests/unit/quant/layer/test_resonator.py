"""Resonators and complex weights: what they compute in training is what the chip computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.errors import DoesNotFitError
from neurodeploy.flow.conversion import converted
from neurodeploy.frontend.from_program import equal_but_for_names
from neurodeploy.frontend.training import training_trace
from neurodeploy.simulator import run_golden, simulate
from snncore import functional
from targets.loihi.target import target
from tests.conformance.foreign import complex_dense, resonators


def block(inputs: int, outputs: int, **options: Any) -> quant.ComplexBlock:
    """Return complex weights with something in each part."""
    parts = [quant.Linear(inputs, outputs) for _ in range(2)]
    for part in parts:
        nn.init.normal_(part.weight, std=0.6)
    return quant.ComplexBlock(*parts, quant.Resonator(**{"threshold": 0.2} | options))


def network(seed: int = 0, **options: Any) -> nn.Sequential:
    """Return LIF neurons, resonators, and LIF neurons again."""
    torch.manual_seed(seed)
    first, last = (
        quant.Block(quant.Linear(*size), quant.CubaLIF(threshold=0.2)) for size in ((6, 5), (4, 3))
    )
    for each in (first, last):
        nn.init.normal_(each.synapse.weight, std=0.7)
    return nn.Sequential(first, block(5, 4, **options), last).eval()


def samples(steps: int = 20) -> torch.Tensor:
    return (torch.rand(steps, 2, 6, generator=torch.manual_seed(1)) < 0.6).float()


def lowered(net: nn.Module) -> Any:
    return nd.lower(net, example=samples(), target="loihi")


def drawn(rng: np.random.Generator) -> dict[str, Any]:
    """Return a turn and what it leaves, one for all or one for each; at the ends now and then."""
    size: Any = 4 if rng.random() < 0.4 else ()
    angle, left = rng.uniform(-np.pi, np.pi, size), rng.uniform(0.3, 1, size)
    turn = {"sine": left * np.sin(angle), "cosine": left * np.cos(angle)}
    if rng.random() < 0.2:
        turn = {name: rng.choice([-1.0, 0.0, 1.0], size) for name in turn}
    tensors = {name: torch.as_tensor(value) for name, value in turn.items()}
    return tensors | {"threshold": float(rng.uniform(0, 1)), "resets": bool(rng.random() < 0.5)}


def test_training_is_golden_and_fast(full: bool) -> None:
    rng = np.random.default_rng(11)
    spikes, x = 0, samples().numpy().astype(int)
    for seed in range(60 if full else 16):
        net = network(seed, **drawn(rng))
        program = lowered(net)
        golden = run_golden(program, x)
        trained, fast = training_trace(net, program, x), simulate(program, x, "fast")
        for name in golden:
            for key, values in golden[name].values.items():
                assert np.array_equal(values, trained[name].values[key]), (seed, name, key)
                assert np.array_equal(values, fast[name].values[key]), (seed, name, key)
        spikes += int(golden["1"].s.sum())
        assert target.read(target.compile(program)) == program
    assert spikes > (500 if full else 130)


def test_steps_are_a_sequence() -> None:
    net = network(resets=True)
    whole = net(samples())
    functional.reset(net)
    functional.set_step_mode(net, "s")
    stepped = torch.stack([net(row) for row in samples()])
    assert whole.sum() > 0
    assert torch.equal(whole, stepped)


@pytest.mark.parametrize("resets", [False, True])
def test_everything_learns_and_is_saved(resets: bool, tmp_path: Path) -> None:
    names = ("sine", "cosine", "threshold")
    net = network(resets=resets, learnable=names).train()
    net(samples()).sum().backward()
    middle: Any = net[1]
    for name in names:
        assert getattr(middle.neuron, name).grad.abs().item() > 0, name
    assert middle.real.weight.grad.any()
    assert middle.imag.weight.grad.any()
    functional.reset(net)
    nd.save(net, tmp_path / "model.pt")
    assert lowered(nd.load(tmp_path / "model.pt").eval()) == lowered(net.eval())


def test_a_file_becomes_a_network_that_is_the_same_file_again(tmp_path: Path) -> None:
    path = tmp_path / "some.net"
    for net in (network(), network(resets=True, sine=torch.tensor([0.1, -0.9, 0.0, 1.0]))):
        program = lowered(net)
        path.write_bytes(target.compile(program).files["network.net"])
        assert equal_but_for_names(program, lowered(converted(path)))


def test_a_foreign_file_is_exported_so_that_lava_loads_it_alike(tmp_path: Path) -> None:
    path = tmp_path / "some.net"
    path.write_bytes(complex_dense(neuron=resonators(2000, -3000)))
    program = nd.lower(converted(path), example=np.ones((2, 1, 2)), target="loihi")
    assert int(program.layers[0].parameters["cosine"]) == -3000
    assert target.read(target.compile(program)) == program


def test_the_parts_must_fit_one_another() -> None:
    neurons = quant.Resonator()
    with pytest.raises(ValueError, match="real and imaginary weights are"):
        quant.ComplexBlock(quant.Linear(3, 2), quant.Linear(2, 2), neurons)
    with pytest.raises(ValueError, match="need one unit for all, and no bias"):
        quant.ComplexBlock(quant.Linear(3, 2), quant.Linear(3, 2, bias=True), neurons)
    with pytest.raises(ValueError, match="different exponents"):
        quant.ComplexBlock(quant.Linear(3, 2), quant.Linear(3, 2, exponent=-5), neurons)
    with pytest.raises(ValueError, match=r"Resonator: takes \(T, N, 2, neurons\)"):
        neurons(torch.zeros(3, 2, 4))
    with pytest.raises(ValueError, match=r"Resonator.sine: 1.5 is 6144 units"):
        quant.Resonator(sine=1.5)


def test_silent_imaginary_weights_are_refused() -> None:
    net = network()
    middle: Any = net[1]
    nn.init.zeros_(middle.imag.weight)
    with pytest.raises(DoesNotFitError, match=r"1.imag.weight: every weight is 0"):
        lowered(net)


def test_parts_of_another_kind_are_refused() -> None:
    weights, neurons = quant.Linear(3, 2), quant.Resonator()
    with pytest.raises(TypeError, match="ComplexBlock: complex weights are two layers of dense"):
        quant.ComplexBlock(weights, nn.Linear(3, 2), neurons)
    with pytest.raises(TypeError, match="ComplexBlock: CubaLIF is not a resonator"):
        quant.ComplexBlock(weights, weights, quant.CubaLIF())
