"""Every layer of the model zoo: its step is proved for all states on each target that takes it."""

from __future__ import annotations

from pathlib import Path

import pytest

import neurodeploy as nd
import quant
from neurodeploy.proof import Proofs
from tests.conformance.summary import show
from tests.conformance.test_zoo_models import MODELS, REFUSED, _lively

TARGETS = ("onnx", "c", "rtl", "lynxi", "loihi")
# The one that is proved in every run.
SHORT = ("CSNN", "c")


def proofs_of(name: str, target: str, folder: Path) -> Proofs:
    """Return the proofs of a model's artifact."""
    network, samples = MODELS[name]()
    _lively(network, samples)
    chip = "onnx" if target in ("c", "rtl") else target
    prepared = quant.prepare(network, target=chip, example=samples).eval()
    artifact = nd.export(prepared, target=target, path=folder, example=samples)
    proofs: Proofs = nd.prove(artifact, timeout=60)
    return proofs


@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("solvers")
@pytest.mark.parametrize(
    ("name", "target"),
    [
        pytest.param(name, target, marks=(pytest.mark.thorough,) * ((name, target) != SHORT))
        for name in MODELS
        for target in TARGETS
        if (name, target) not in REFUSED
    ],
)
def test_every_layer_is_proved(
    name: str, target: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    proofs = proofs_of(name, target, tmp_path / "a")
    open_ones = {key: each.reason for key, each in proofs.items() if each.status != "proved"}
    assert not open_ones
    assert proofs.proved
    slowest = max(each.seconds for each in proofs.values())
    words = f"{len(proofs)} layers proved, at most {slowest:.2f} s a layer"
    show(pytestconfig, f"proofs of {name}, {target}", words)
