"""A quantized network computes, divided by its scales, the program while it trains."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.frontend.training import training_trace
from neurodeploy.report import Status
from neurodeploy.verification.compare import compare
from snncore import functional, monitor
from tests.unit.networks import KINDS, drawn_network, random_spikes

SEEDS = range(22)


def differences(network: nn.Module, samples: Tensor) -> tuple[int, list[str]]:
    """Return how many spikes there were, and what differs from the golden interpreter."""
    program = nd.lower(network, example=samples)
    golden = nd.simulate(program, samples)
    trained = training_trace(network, program, samples.numpy().astype(np.int64))
    assert all(set(trained[name].values) == {"s", "u", "v"} for name in golden)
    links = [compare("training", golden, trained, 0.0)]
    links.append(compare("fast", golden, nd.simulate(program, samples, engine="fast"), 0.0))
    unlike = [f"{x.name}: {x.divergence or x.reason}" for x in links if not x.same]
    return golden.spikes(), unlike


@pytest.mark.parametrize("kind", KINDS)
def test_training_is_golden_is_fast_on_every_bit(kind: str, full: bool) -> None:
    spiking, seeds = 0, SEEDS if full else SEEDS[:9]
    for seed in seeds:
        network, shape = drawn_network(kind, seed)
        steps, count = (1, 5, 11)[seed % 3], (1, 2)[seed % 2]
        spikes, unlike = differences(network, random_spikes(shape, seed, steps, count))
        assert not unlike, f"seed {seed}: {unlike}"
        spiking += spikes > 0
    assert spiking > len(seeds) / 2


def test_weights_clip_at_the_ends_of_the_grid() -> None:
    weights = [
        int(value)
        for seed in SEEDS
        for module in drawn_network("dense", seed)[0].modules()
        if isinstance(module, quant.Linear)
        for value in module.integer_weight().reshape(-1)
    ]
    assert {-256, 254, 0} <= set(weights)
    assert all(value % 2 == 0 for value in weights)


def test_a_threshold_that_is_met_exactly_does_not_fire() -> None:
    block = quant.Block(quant.Linear(1, 1), quant.CubaLIF(0.5, voltage_decay=0.0))
    with torch.no_grad():
        block.synapse.weight.fill_(0.25)
    samples = torch.ones(5, 1, 1)
    assert block(samples).reshape(-1).tolist() == [0, 0, 1, 0, 0]
    assert differences(block, samples) == (1, [])


def test_one_changed_weight_is_seen() -> None:
    network, shape = drawn_network("conv", 3)
    samples = random_spikes(shape, 3, 8, 2)
    program = nd.lower(network, example=samples)
    with torch.no_grad():
        # The grid's next weight.
        next(iter(network.parameters())).view(-1)[0] += 2 / 64
    trained = training_trace(network, program, samples.numpy().astype(np.int64))
    assert compare("x", nd.simulate(program, samples), trained, 0.0).status == Status.DIFFERS


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_autocast_changes_no_bit(kind: torch.dtype) -> None:
    for name in KINDS:
        network, shape = drawn_network(name, 3)
        samples = random_spikes(shape, 3, 8, 2)
        plain = network(samples)
        functional.reset(network)
        with torch.autocast("cpu", dtype=kind):
            cast = network(samples)
        assert cast.dtype == torch.float32
        assert torch.equal(plain, cast), name
        functional.reset(network)


def states(network: nn.Module, parts: list[Tensor]) -> dict[str, Tensor]:
    functional.reset(network)
    with torch.no_grad(), monitor.record(network) as recording:
        for part in parts:
            network(part)
        return {f"{n}.{k}": v for n in recording for k, v in recording[n].items()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_in_parts_is_the_whole(kind: str) -> None:
    for seed in range(8):
        network, shape = drawn_network(kind, seed)
        samples = random_spikes(shape, seed, 12, 2)
        whole = states(network, [samples])
        for parts in (samples.split(1), samples.split([2, 9, 1])):
            in_parts = states(network, list(parts))
            assert whole.keys() == in_parts.keys()
            assert all(torch.equal(whole[key], in_parts[key]) for key in whole), f"seed {seed}"


def test_a_quiet_sequence_after_a_loud_one_still_saturates() -> None:
    # What the loud one left behind is beyond all that the quiet one alone could reach.
    neurons = quant.CubaLIF(2000.0, current_decay=0.01, voltage_decay=0.5)
    loud, quiet = torch.full((400, 1, 1), -1250 / 64), torch.full((9, 1, 1), 1 / 64)
    whole, parts = (states(neurons, p) for p in ([torch.cat((loud, quiet))], [loud, quiet]))
    assert all(torch.equal(whole[key], parts[key]) for key in whole)
    assert float(whole[".v"][-1]) == -((1 << 23) - 1) * neurons.scale


def test_a_larger_bias_between_two_parts_is_no_harm() -> None:
    neurons = quant.CubaLIF(2000.0, current_decay=1.0, voltage_decay=0.0, bias=1)
    x = torch.zeros(300, 1, 1)
    with torch.no_grad():
        neurons.bias.fill_(-63.0)
        for bias in (-63.0, 0.1):
            neurons.bias.fill_(bias)
            for _ in range(8):
                neurons(x)
        assert float(neurons.states["v"]) >= -((1 << 23) - 1)


@pytest.mark.parametrize("shape", [(1,), (3,), (2, 1, 1), (1, 3, 2)])
def test_single_steps_are_the_sequence(shape: tuple[int, ...]) -> None:
    options = {"threshold": 0.5, "current_decay": 0.3, "voltage_decay": 0.2, "bias": shape[0]}
    many, single = quant.CubaLIF(**options), quant.CubaLIF(**options, step_mode="s")
    for neurons in (many, single):
        with torch.no_grad():
            neurons.bias.fill_(0.125)
    samples = torch.linspace(-2, 2, 20).mul(64).round().div(64).reshape(20, 1, *[1] * len(shape))
    samples = samples.expand(20, 3, *shape)
    spikes = many(samples)
    assert torch.equal(spikes, torch.stack([single(step) for step in samples]))
    assert 0 < spikes.sum() < spikes.numel()
    for name in ("u", "v"):
        assert torch.equal(many.states[name], single.states[name])


def test_what_is_shown_is_in_the_numbers_of_training() -> None:
    neurons = quant.CubaLIF(10.0, current_decay=0.0, voltage_decay=0.0, exponent=-4)
    assert (neurons.u, neurons.v) == (0.0, 0.0)
    with monitor.record(neurons) as recording:
        neurons(torch.full((2, 1, 1), 0.5))
    assert recording[""]["v"].reshape(-1).tolist() == [0.5, 1.5]
    assert float(neurons.u) == 1.0
    assert float(neurons.v) == 1.5
