"""The price of a chain: neurons, synapses and cores, before and after."""

import numpy as np

from neurodeploy.program import Dense, Edge, Input, Program
from neurodeploy.target import price_of, restructured
from targets.loihi.target import target
from tests.unit.targets.loihi.programs import neuron


def skipping() -> Program:
    """Two layers, and a third that reads both: the first layer's four neurons are relayed."""
    sizes = {"a": (4, 3), "b": (2, 4), "c": (1, 2), "d": (1, 4)}
    sources = {"a": "input", "b": "one", "c": "two", "d": "one"}
    a, b, c, d = (
        Dense(name, Edge(source), np.full(sizes[name], 20), -6) for name, source in sources.items()
    )
    last = neuron("out", "c", inputs=(Edge("c"), Edge("d")))
    layers = (a, neuron("one", "a"), b, neuron("two", "b"), c, d, last)
    return Program((Input("input", (3,)), *layers), "out")


def test_the_price_counts_relays_and_their_synapses() -> None:
    program = skipping()
    price = price_of(program, restructured(program, target), target)
    assert price is not None
    assert price.neurons == (7, 7 + 4)
    assert price.synapses == (12 + 8 + 2 + 4, 12 + 8 + 2 + 4 + 4)
    assert price.cores == {"Loihi 1": (1, 1), "Loihi 2": (1, 1)}
    assert "7 -> 11 neurons, 26 -> 30 synapses, cores: Loihi 1 1 -> 1" in price.sentence()


def test_a_chain_has_no_price() -> None:
    chain = restructured(skipping(), target)
    assert restructured(chain, target) is chain
    assert price_of(chain, chain, target) is None
