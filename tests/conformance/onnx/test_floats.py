"""Networks in floats as ONNX: torch, the graph and both runtimes agree within the tolerance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neurodeploy as nd
from neurodeploy.sandbox import Environment
from snncore import layer, neuron
from snncore.dynamics import exp, select, spike


@neuron.define(states={"v": 0.0, "w": 0.0}, params={"decay": 0.75, "threshold": 0.5})
def tired(v: Any, w: Any, x: Any, *, decay: Any, threshold: Any) -> Any:
    h = decay * v + x
    s = spike(h - threshold * exp(w))
    return select(s, 0.0, h), decay * w + s, s


NEURONS: dict[str, Any] = {
    "IF": neuron.IF,
    "LIF": lambda: neuron.LIF(tau=3.0, reset="soft"),
    "ParametricLIF": neuron.ParametricLIF,
    "AdaptiveLIF": neuron.AdaptiveLIF,
    "IntegerLIF": neuron.IntegerLIF,
    "LeakyIntegrator": neuron.LeakyIntegrator,
    "CubaLIF": neuron.CubaLIF,
    "TernaryLIF": neuron.TernaryLIF,
    "ComplementaryLIF": neuron.ComplementaryLIF,
    "GatedLIF": neuron.GatedLIF,
    "SlidingPSN": neuron.SlidingPSN,
    "own": tired,
}


def network(kind: str) -> torch.nn.Sequential:
    """Build a small network of one kind of neuron."""
    torch.manual_seed(1)
    modules = torch.nn.Sequential(
        layer.Conv2d(2, 4, 3, padding=1),
        layer.BatchNorm2d(4),
        NEURONS[kind](),
        layer.AvgPool2d(2),
        layer.Flatten(),
        layer.Linear(4 * 3 * 3, 8),
        NEURONS[kind](),
    )
    with torch.no_grad():
        for weight in modules.parameters():
            weight.mul_(8.0 if weight.ndim > 1 else 1.0)
    return modules.eval()


@pytest.mark.parametrize("kind", NEURONS)
def test_every_neuron_within_the_tolerance(
    kind: str, tmp_path: Path, onnxruntime: Environment, reference: Environment
) -> None:
    model = network(kind)
    samples = np.random.default_rng(0).random((7, 4, 2, 6, 6)).round(2)
    form = ("scan", "step", "unrolled")[list(NEURONS).index(kind) % 3]
    example = torch.from_numpy(samples)
    options: dict[str, Any] = {"form": form} | ({"steps": 7} if form == "unrolled" else {})
    artifact = nd.export(model, target="onnx", path=tmp_path / kind, example=example, **options)
    assert not artifact.exact
    environment = onnxruntime if list(NEURONS).index(kind) % 2 else reference
    report = nd.verify(artifact, model=model, samples=samples, simulator=environment.name)
    assert report.equal, report.to_text()
    assert not report.exact
    assert "Equal within tolerance" in report.to_text()
    if kind == "LeakyIntegrator":
        assert [summary.spikes for summary in report.layers] == [0, 0]
        assert all(summary.largest for summary in report.layers)
    else:
        assert sum(summary.spikes for summary in report.layers) > 50


def test_a_weight_that_is_off_is_seen(tmp_path: Path, onnxruntime: Environment) -> None:
    model = network("LIF")
    samples = np.random.default_rng(0).random((7, 4, 2, 6, 6))
    artifact = nd.export(
        model, target="onnx", path=tmp_path / "a", example=torch.from_numpy(samples), form="step"
    )
    with torch.no_grad():
        model[0].weight[0, 0, 0, 0] += 0.05
    report = nd.verify(artifact, model=model, samples=samples, simulator="onnxruntime")
    assert report.exit_code == 1
    words = {link.name: link.status.value for link in report.links}
    assert words == {
        "training = graph": "equal",
        "graph = artifact": "differs",
        "graph = onnxruntime": "differs",
    }
    assert "0.weight[0, 0, 0, 0]: expected " in report.to_text()
