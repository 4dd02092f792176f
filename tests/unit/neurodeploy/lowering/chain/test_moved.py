"""Moved spikes and sums on a chain: part of the weights, on every spike; the rest is refused."""

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import (
    Concat,
    Conv2d,
    Dense,
    Edge,
    Flatten,
    Input,
    MaxPool2d,
    Node,
    Permute,
    Program,
    Slice,
    Upsample,
)
from neurodeploy.simulator import by_network_layer, run_golden
from snncore import layer, neuron
from targets.loihi.branches import as_chain
from tests.conformance.branching import moved_case
from tests.unit.neurodeploy.frontend.moving_nets import drawn
from tests.unit.programs import neurons

KERNEL = np.full((4, 2, 3, 3), 30)
IMAGE = Input("in", (2, 4, 4))
LAYER = (IMAGE, Conv2d("conv", Edge("in"), KERNEL, padding=(1, 1)), neurons("image", "conv"))


def spikes_of(program: Program) -> int:
    """Return the spikes, if the chain gives each of them."""
    samples = np.random.default_rng(0).integers(0, 2, (6, 2, *program.input.shape))
    chain = as_chain(program)
    assert not chain.of_kind(Concat)
    assert not chain.of_kind(Permute)
    golden = run_golden(program, samples)
    shown = by_network_layer(chain, run_golden(chain, samples))
    for name in golden:
        assert (golden[name].s == shown[name].s).all(), name
    return golden.spikes()


@pytest.mark.parametrize("seed", range(4))
def test_random_networks_give_their_spikes(seed: int) -> None:
    assert spikes_of(moved_case(seed).program)


@pytest.mark.parametrize("name", ["joined", "lines", "larger"])
def test_trained_networks_fit_and_train_as_the_chain_computes(name: str) -> None:
    network, samples = drawn(name)
    prepared = quant.prepare(network, target="loihi", example=samples).eval()
    program = nd.lower(prepared, example=samples)
    assert spikes_of(program) > 50


def test_whole_channels_stay_a_convolution() -> None:
    again = Conv2d("again", Edge("both"), np.full((2, 6, 2, 2), 12))
    nodes = (*LAYER, Concat("both", (Edge("image"), Edge("in"))), again, neurons("n", "again"))
    program = Program(nodes, "n")
    assert len(as_chain(program).of_kind(Conv2d)) == 2
    assert spikes_of(program)


def test_delays_follow_their_spikes() -> None:
    delays = np.arange(8).reshape(1, 8).repeat(3, 0) % 4
    moves = (Permute("turned", Edge("in"), (1, 0)), Flatten("flat", Edge("turned")))
    late = Dense("late", Edge("flat"), np.full((3, 8), 60), delays=delays)
    nodes = (Input("in", (2, 4)), *moves, late, neurons("n", "late"))
    assert spikes_of(Program(nodes, "n"))


WRONG: dict[str, tuple[tuple[Node, ...], str]] = {
    "sums without neurons": (
        (
            *LAYER[:2],
            Slice("part", Edge("conv"), 0, 0, 2),
            Conv2d("again", Edge("part"), np.full((1, 2, 1, 1), 20)),
            neurons("n", "again"),
        ),
        "again: reads sums of conv with no neurons between",
    ),
    "spikes without weights": (
        (*LAYER, Slice("part", Edge("image"), 0, 0, 2), neurons("n", "part")),
        "n: reads part, and not weights",
    ),
    "largest of sums": (
        (
            *LAYER[:2],
            Upsample("large", Edge("conv"), (1, 2, 2)),
            MaxPool2d("pool", Edge("large"), (2, 2), (2, 2)),
            Conv2d("again", Edge("pool"), np.full((1, 4, 1, 1), 20)),
            neurons("n", "again"),
        ),
        "pool: takes the largest of sums, those of large",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_part_of_weights_is_refused(name: str) -> None:
    nodes, words = WRONG[name]
    with pytest.raises(DoesNotFitError, match=words):
        as_chain(Program(nodes, "n"))


def test_a_readout_behind_a_moved_value_is_refused() -> None:
    net = nn.Sequential(
        layer.Linear(8, 12),
        neuron.LIF(),
        layer.Reshape((3, 4)),
        layer.Conv1d(3, 3, 4, groups=3),
        neuron.LeakyIntegrator(),
    )
    with pytest.raises(DoesNotFitError, match=r"4: is a readout.*Linear"):
        quant.prepare(net, target="loihi", example=torch.ones(3, 2, 8))
