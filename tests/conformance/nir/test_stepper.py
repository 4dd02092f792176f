"""nir's own reading of files with lines, groups of nodes and loops is stepped as we read them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from neurodeploy.artifact import Artifact
from neurodeploy.frontend.training import read_trace
from neurodeploy.target import Simulation
from targets.nir.simulators.receivers.foreign import JUDGES, foreign_run
from targets.nir.simulators.receivers.run import shown
from targets.nir.target import target
from tests.conformance.nir.published import Read, compared
from tests.unit.targets.nir.floats.test_written_again import FILES, eighths
from tests.unit.targets.nir.foreign.files import affine, chain, graph, image, lif

DT = 1e-4
REFERENCE = JUDGES["nir-reference"]


def late(size: int, steps: int) -> dict[str, Any]:
    return {"type": "Delay", "delay": np.full(size, steps * DT)}


def looped(*back: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Return two layers of neurons; the second leads back to the first by some nodes."""
    base = chain(
        ("a", affine(eighths(4, 3))),
        ("b", lif(4, threshold=0.5)),
        ("c", affine(eighths(4, 4))),
        ("d", lif(4, threshold=0.5)),
        outputs=(4,),
    )
    way = ["d", *(name for name, _ in back), "b"]
    edges = [(one, two) for one, two in base["edges"]]
    edges += pairwise(way)
    return graph(base["nodes"] | dict(back), edges)


def block(*nodes: tuple[str, dict[str, Any]], inputs: int, outputs: int) -> dict[str, Any]:
    return chain(*nodes, inputs=(inputs,), outputs=(outputs,))


INNER = block(("w", affine(eighths(4, 3))), ("n", lif(4, threshold=0.5)), inputs=3, outputs=4)
OUTER = block(("core", INNER), ("v", affine(eighths(4, 4))), inputs=3, outputs=4)
USED = chain(("a", affine(eighths(4, 3))), ("b", lif(4, threshold=0.5)), outputs=(4,))
UNUSED = {"aside": lif(4), "probe": affine(eighths(2, 4))}
NETWORKS: dict[str, dict[str, Any]] = {
    "nodes that nothing reads": graph(
        USED["nodes"] | UNUSED, [*(tuple(edge) for edge in USED["edges"]), ("b", "probe")]
    ),
    **{name: node for name, (node, _) in FILES.items()},
    "a loop of two layers": looped(("e", affine(eighths(4, 4)))),
    "a loop with a bias": looped(("e", affine(eighths(4, 4), eighths(4) + 0.25))),
    "a loop with a delay": looped(("e", late(4, 2)), ("f", affine(eighths(4, 4)))),
    "a loop of a delay alone": looped(("e", late(4, 1))),
    "subgraphs within subgraphs": chain(
        ("g", OUTER),
        ("h", lif(4, threshold=0.5)),
        ("i", block(("w", affine(eighths(2, 4))), inputs=4, outputs=2)),
        ("j", lif(2, threshold=0.25)),
        outputs=(2,),
    ),
}


def test_every_spike_is_that_of_nirs_own_reading() -> None:
    reads = {}
    for name, node in NETWORKS.items():
        content = image(node)
        foreign = target.foreign_graph(Artifact("nir", {"a.nir": content}), dt=DT, profile="spec")
        shape = foreign.graph.input.shape
        samples = (np.random.default_rng(0).random((24, 2, *shape)) < 0.5).astype(np.float32)
        run = foreign_run(content, foreign, samples)
        reads[name] = Read(foreign, run, read_trace(foreign, samples))
    replies = shown(REFERENCE, [each.run for each in reads.values()], Simulation())
    words = {
        name: reply if isinstance(reply, str) else compared(each, reply)
        for (name, each), reply in zip(reads.items(), replies, strict=True)
    }
    assert words == dict.fromkeys(NETWORKS, "equal")
