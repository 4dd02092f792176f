"""Models of the zoo at reduced size: prepared, exported, read back and verified for each target."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.errors import DoesNotFitError
from neurodeploy.sandbox import Environment
from snncore import functional, layer, models

Make = Callable[[], tuple[nn.Module, Tensor]]


def _events(*shape: int) -> Tensor:
    return (torch.rand(4, 1, *shape) < 0.4).float()


MODELS: dict[str, Make] = {
    "CSNN": lambda: (models.CSNN(4, width=4, size=8), _events(1, 8, 8)),
    "spiking_resnet18": lambda: (
        models.spiking_resnet18(4, width=4, channels=2, small_images=True),
        _events(2, 8, 8),
    ),
    "sew_resnet18": lambda: (
        models.sew_resnet18(4, width=4, channels=2, small_images=True),
        _events(2, 8, 8),
    ),
    "sew_resnet18 and": lambda: (
        models.sew_resnet18(4, join="and", width=4, channels=2, small_images=True),
        _events(2, 8, 8),
    ),
    "sew_resnet18 iand": lambda: (
        models.sew_resnet18(4, join="iand", width=4, channels=2, small_images=True),
        _events(2, 8, 8),
    ),
    "spikformer": lambda: (
        models.Spikformer(1, 8, 4, channels=2, heads=2),
        _events(2, 32, 32),
    ),
    "qkformer": lambda: (
        models.QKFormer((1, 1), 16, 4, channels=2, heads=2),
        _events(2, 16, 16),
    ),
    "spiking_vgg11": lambda: (
        models.spiking_vgg11(4, width=4, channels=2, hidden=16, grid=1),
        _events(2, 32, 32),
    ),
    "plif_net": lambda: (models.plif_net("mnist", width=4, hidden=20), _events(1, 28, 28)),
}


@torch.no_grad()
def _lively(network: nn.Module, samples: Tensor) -> nn.Module:
    """Batch norms that have seen the samples, and weights with which deep layers fire."""
    for module in network.modules():
        if isinstance(module, layer.BatchNorm):
            module.weight.fill_(2.0)
            module.bias.fill_(0.5)
        elif isinstance(module, layer.Linear):
            module.weight.mul_(4.0)
    network.train()
    for _ in range(5):
        network(samples)
        functional.reset(network)
    return network.eval()


# Attention is not linear: `prepare` refuses it, and names the targets that could.
REFUSED = {("spikformer", "loihi"), ("qkformer", "loihi")}


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "name",
    # The rows of test_table.py have these joins too.
    [pytest.param(n, marks=(pytest.mark.thorough,) * n.endswith("and")) for n in MODELS],
)
def test_every_model_is_equal(
    name: str, full: bool, onnxruntime: Environment, lava: Environment, tmp_path: Path
) -> None:
    network, samples = MODELS[name]()
    _lively(network, samples)
    simulators = {"onnx": onnxruntime.name, "lynxi": "interpreter", "loihi": lava.name}
    refusing = {target for refused, target in REFUSED if refused == name}
    for target in refusing:
        with pytest.raises(DoesNotFitError, match="attend: adds products of spikes"):
            quant.prepare(network, target=target, example=samples)
    taking = [target for target in simulators if target not in refusing]
    # In the subset the models take turns.
    turn = taking[(list(MODELS).index(name) + 2) % len(taking)]
    for target in taking if full else (turn,):
        prepared = quant.prepare(network, target=target, example=samples).eval()
        artifact = nd.export(prepared, target=target, path=tmp_path / target, example=samples)
        report = nd.verify(artifact, model=prepared, samples=samples, simulator=simulators[target])
        assert report.equal, report.to_text()
        assert sum(layer.spikes > 0 for layer in report.layers) > 1
