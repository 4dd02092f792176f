"""A target's own passes: they run wherever a network is lowered for it, and nowhere else."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.target import ExtendsLowering, target
from tests.unit.plugins import installed

CHIP = '''
from dataclasses import replace

from neurodeploy.artifact import Artifact, program_hashes
from neurodeploy.graph import Dense, Graph
from neurodeploy.lowering import Pass
from neurodeploy.program import dumps, loads
from neurodeploy.target import Capabilities


def negated(graph):
    """Every dense weight with the other sign."""
    nodes = [replace(n, weight=-n.weight) if isinstance(n, Dense) else n for n in graph.nodes]
    return Graph(tuple(nodes), graph.output)


class Chip:
    """A chip whose weights have the other sign."""

    name = "inverse"
    capabilities = Capabilities("Inverse", (), (), suffixes=(".inverse",))
    simulators = {}
    passes = (Pass("negated", negated, changes={Dense: frozenset({"weight"})}),)

    def check(self, program):
        return ()

    def compile(self, program):
        files = {"x.inverse": dumps(program).encode()}
        return Artifact("inverse", files, {}, program_hashes(program))

    def read(self, artifact):
        return loads(bytes(artifact.files["x.inverse"]).decode())

    def simulate(self, artifact, samples, *, simulator=None, simulation=None):
        raise NotImplementedError


chip = Chip()
'''


def test_a_target_adds_a_pass(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(quant.Linear(4, 3), quant.CubaLIF())
    example = torch.zeros(1, 1, 4)
    with installed(tmp_path, "inverse_chip", CHIP, inverse="chip"):
        assert isinstance(target("inverse"), ExtendsLowering)
        assert not isinstance(target("loihi"), ExtendsLowering)
        plain = nd.lower(network, example=example)
        own = nd.lower(network, example=example, target="inverse")
        (before,), (after,) = plain.synapses, own.synapses
        assert before.narrow_weight.any()
        assert np.array_equal(after.narrow_weight, -before.narrow_weight)
        assert nd.lower(network, example=example, target="loihi") == plain
        nd.export(network, target="inverse", path=tmp_path / "out", example=example)
        report = nd.verify(tmp_path / "out", model=network, samples=nd.RandomSamples(2, 2, 0.5, 0))
        # The artifact is the network as the pass leaves it, which is not what was trained.
        differing = {link.name for link in report.links if link.divergence is not None}
        assert differing == {"training = golden"}
        assert len(report.links) > 1
