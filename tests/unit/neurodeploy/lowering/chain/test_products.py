"""Products of spikes in a chain: neurons that fire if both did, or one and not the other."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import quant
from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import (
    Edge,
    Multiply,
    Node,
    Permute,
    Program,
    Slice,
)
from neurodeploy.simulator import by_network_layer, run_golden
from snncore import layer
from targets.loihi.branches import FORM, as_chain
from tests.unit.neurodeploy.frontend.product_nets import Joined
from tests.unit.neurodeploy.lowering.chain.test_to_chain import dense, driven, kernel, program

RNG = np.random.default_rng(5)


def both(*products: Node, image: bool = True) -> Program:
    """Return two layers of spikes, nodes that multiply them, and neurons behind the last."""
    if image:
        around = {"padding": (1, 1)}
        parts = [
            *(kernel("a", "input", 3, 2, **around), driven("one", "a", threshold=150)),
            *(kernel("b", "input", 3, 2, **around), driven("two", "b", threshold=150)),
        ]
        behind = kernel("c", products[-1].name, 4, 3)
        return program((2, 5, 4), *parts, *products, behind, driven("out", "c", threshold=100))
    parts = [dense("a", "input", 4, 5), driven("one", "a"), dense("b", "input", 4, 5)]
    last = (dense("c", products[-1].name, 3, 4), driven("out", "c"))
    return program((5,), *parts, driven("two", "b"), *products, *last)


ONE, TWO = Edge("one"), Edge("two")
PROGRAMS: dict[str, Program] = {
    "and": both(Multiply("x", (ONE, TWO))),
    "and not": both(Multiply("x", (TWO, ONE), complement=True)),
    "vectors": both(Multiply("x", (ONE, TWO), complement=True), image=False),
    "itself": both(Multiply("x", (ONE, ONE)), image=False),
    "and not itself": both(Multiply("y", (ONE, ONE), True), Multiply("x", (TWO, Edge("y")), True)),
    "a mask": both(Slice("row", ONE, 1, 2, 3), Multiply("x", (Edge("row"), TWO))),
    "a channel's mask": both(
        Slice("channel", ONE, 0, 1, 2), Multiply("x", (TWO, Edge("channel")), complement=True)
    ),
    "moved": both(
        Permute("there", ONE, (0, 2, 1)),
        Permute("back", Edge("there"), (0, 2, 1)),
        Multiply("x", (Edge("back"), TWO)),
    ),
    "a product of products": both(
        Multiply("y", (ONE, TWO)), Multiply("x", (ONE, Edge("y")), complement=True)
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_chain_gives_every_spike(name: str) -> None:
    whole = PROGRAMS[name]
    chain = as_chain(whole)
    assert not chain.of_kind(Multiply)
    samples = RNG.integers(0, 2, (12, 4, *whole.input.shape))
    expected = run_golden(whole, samples)
    shown = by_network_layer(chain, run_golden(chain, samples))
    assert shown["out"].s.any()
    for key in shown:
        assert (shown[key].s == expected[key].s).all()
        assert (shown[key].v == expected[key].v).all()


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_neurons_are_the_product_of_two_spikes(first: int, second: int) -> None:
    """Every pair of spikes by itself: what a neuron of the chain's numbers sends."""
    for complement in (False, True):
        weight = 64 * FORM.relay_weight
        reached = weight * (first - second if complement else first + second)
        threshold = 64 * (FORM.relay if complement else FORM.both)["threshold"]
        assert (reached > threshold) == bool(first * (1 - second if complement else second))


def test_a_late_product_is_refused() -> None:
    late = both(Multiply("x", (ONE, Edge("two", 1))))
    with pytest.raises(DoesNotFitError, match=r"x: reads an earlier step"):
        as_chain(late)


def test_a_product_of_sums_is_refused() -> None:
    with pytest.raises(DoesNotFitError, match=r"x: reads b, which .* has no neurons"):
        as_chain(both(Multiply("x", (ONE, Edge("b")))))


def test_a_mask_of_too_many_weights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurodeploy.lowering.chain.drives.MOST_UNROLLED", 100)
    with pytest.raises(DoesNotFitError, match=r"x: needs 60 x 60 weights in a chain.*for onnx"):
        as_chain(PROGRAMS["a mask"])


def test_attention_is_refused_when_it_is_prepared_with_where_to_go() -> None:
    network = Joined(layer.SpikeAttention(2, 0.5), fire=True)
    words = r"join: adds products of spikes, and synapses add weights \(export .* onnx or lynxi\)"
    with pytest.raises(DoesNotFitError, match=words):
        quant.prepare(network, target="loihi", example=torch.zeros(1, 1, 2, 5, 4))
