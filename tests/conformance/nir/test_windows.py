"""Lines, pools and joined axes of ours in the frameworks: equal, or `check` says who changes them.

A reading of each framework makes a network of a file; export writes it, and the framework runs it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurodeploy.frontend.from_graph import network_of
from neurodeploy.frontend.from_torch import graph_of
from neurodeploy.sandbox import install
from targets.nir.foreign.graph import Reading
from targets.nir.foreign.graph import graph_of as foreign_graph_of
from targets.nir.foreign.profiles import PROFILES
from targets.nir.graph.names import Names
from targets.nir.simulators.receivers.foreign import JUDGES
from targets.nir.target import target
from tests.conformance.nir.test_graph_trips import Sent, counted
from tests.conformance.summary import show
from tests.unit.targets.nir.floats.test_floats import on_receiver, samples, sent
from tests.unit.targets.nir.floats.test_written_again import conv1d, each, eighths, flat, pool
from tests.unit.targets.nir.foreign.files import F, affine, chain, image, lif

DT = 1e-4


def networks(profile: str) -> dict[str, dict[str, Any]]:
    """Return files of the primitives beside neurons, whose thresholds no voltage meets."""

    def neurons(*shape: int) -> dict[str, Any]:
        # Time constants of sinabs are steps.
        return lif(*shape, threshold=0.3, tau=4.0 if profile == "sinabs" else 4e-4)

    def pooled(kind: str, around: int) -> dict[str, Any]:
        size = 3 + around
        ends = {"inputs": (2, 6, 6), "outputs": (2, size, size)}
        return chain(("a", pool(kind, 2, 2, around)), ("b", neurons(2, size, size)), **ends)

    lines = ("a", conv1d(eighths(4, 2, 3), 12, stride=2)), ("b", neurons(4, 6))
    axes = ("a", neurons(2, 3, 4)), ("b", flat(2, 3, 4, start=1)), ("c", neurons(2, 12))
    weights = affine(eighths(4, 3) + F(0.25))
    scales = ("a", weights), ("s", each("Scale", [0.5, 1, 2, 4])), ("b", neurons(4))
    return {
        **{f"{kind} {n}": pooled(kind, n) for kind in ("AvgPool2d", "SumPool2d") for n in (0, 1)},
        "lines": chain(*lines, inputs=(2, 12), outputs=(4, 6)),
        "some axes": chain(*axes, inputs=(2, 3, 4), outputs=(2, 12)),
        "scales": chain(*scales, outputs=(4,)),
    }


def sent_by(profile: str, number: int, node: dict[str, Any]) -> Sent:
    foreign = foreign_graph_of(image(node), Reading(PROFILES[profile], DT))
    network = on_receiver(network_of(foreign)[0])
    x = samples(*foreign.graph.input.shape)
    graph = graph_of(network, example=x)
    words = tuple(each.message for each in target.check_graph(graph))
    name = Names(each.name for each in graph.nodes).of[graph.output]
    spikes = sent(network, x)
    assert 0 < np.count_nonzero(spikes) < spikes.size
    return Sent(number, graph, target.compile_graph(graph), name, x.numpy(), spikes, words)


@pytest.mark.timeout(1800)
def test_what_check_does_not_warn_of_is_equal(full: bool, pytestconfig: pytest.Config) -> None:
    for profile in ("spikingjelly", "snntorch", "norse", "sinabs") if full else ("spikingjelly",):
        install(JUDGES[profile])
        drawn = [sent_by(profile, n, node) for n, node in enumerate(networks(profile).values())]
        counts = counted(profile, drawn)
        show(pytestconfig, f"NIR: windows in {profile}", f"{dict(sorted(counts.items()))}")
        assert counts["equal"] >= {"spikingjelly": 4, "snntorch": 2}.get(profile, 0)
