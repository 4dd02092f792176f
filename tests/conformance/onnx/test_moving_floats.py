"""Networks in floats that move values and norm groups, as ONNX: within the tolerance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import neurodeploy as nd
from neurodeploy.sandbox import Environment
from snncore import layer, neuron
from tests.unit.neurodeploy.frontend.moving_nets import NETWORKS, drawn

FORMS = ("scan", "step", "unrolled")


def grouped() -> tuple[nn.Module, torch.Tensor]:
    """Return a network with a norm of groups, and samples."""
    torch.manual_seed(2)
    layers = [layer.Conv2d(2, 4, 3), layer.GroupNorm(2, 4), neuron.LIF(threshold=0.3)]
    return nn.Sequential(*layers).eval(), (torch.rand(6, 3, 2, 6, 5) < 0.5).float()


@pytest.mark.parametrize("name", [*NETWORKS, "grouped"])
def test_every_move_is_within_the_tolerance(
    name: str, full: bool, tmp_path: Path, onnxruntime: Environment, reference: Environment
) -> None:
    network, samples = grouped() if name == "grouped" else drawn(name)
    number = list(NETWORKS).index(name) if name in NETWORKS else 2
    form = FORMS[number % 3]
    options: dict[str, Any] = {"form": form} | ({"steps": 6} if form == "unrolled" else {})
    artifact = nd.export(network, target="onnx", path=tmp_path / "a", example=samples, **options)
    for environment in (onnxruntime, reference) if full else (onnxruntime,):
        report = nd.verify(artifact, model=network, samples=samples, simulator=environment.name)
        assert report.equal, report.to_text()
        assert sum(summary.spikes for summary in report.layers) > 50
