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
from snncore import functional, layer, models, neuron

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
    "shd": lambda: (
        models.SHDNet(4, inputs=12, hidden=10),
        _events(12),
    ),
    "speech": lambda: (
        models.SpeechNet(4, (10, 8), inputs=12, neuron=neuron.AdaptiveLIF),
        _events(12),
    ),
    "recurrent speech": lambda: (
        models.SpeechNet(4, (10, 8), inputs=12, recurrent=True, neuron=neuron.AdaptiveLIF),
        _events(12),
    ),
}


# Neurons and a sum read their currents, which have no unit of their own.
IN_FLOATS: dict[str, Make] = {
    "ms_resnet18": lambda: (
        models.ms_resnet18(4, width=4, channels=2, small_images=True),
        _events(2, 8, 8),
    ),
    "spike-driven transformer": lambda: (
        models.SpikeDrivenTransformer(1, 8, 4, channels=2),
        _events(2, 32, 32),
    ),
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
PRODUCTS = "attend: adds products of spikes"
ADAPTIVE = "AdaptiveLIF has no near neuron on loihi"
LOOPS = r"feedback: reads \d 1 steps late"
REFUSED = {
    ("spikformer", "loihi"): PRODUCTS,
    ("qkformer", "loihi"): PRODUCTS,
    ("speech", "loihi"): ADAPTIVE,
    ("recurrent speech", "loihi"): ADAPTIVE,
    ("shd", "lynxi"): "lynxi has no neurons with a current",
    ("recurrent speech", "lynxi"): LOOPS,
}


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
    refusing = {target: words for (each, target), words in REFUSED.items() if each == name}
    for target, words in refusing.items():
        with pytest.raises((DoesNotFitError, ValueError), match=words):
            quant.prepare(network, target=target, example=samples)
    taking = [target for target in simulators if target not in refusing]
    # In the subset the models take turns.
    turn = taking[(list(MODELS).index(name) + 2) % len(taking)]
    for target in taking if full else (turn,):
        prepared = quant.prepare(network, target=target, example=samples).eval()
        artifact = nd.export(prepared, target=target, path=tmp_path / target, example=samples)
        report = nd.verify(artifact, model=prepared, samples=samples, simulator=simulators[target])
        assert report.equal, report.to_text()
        # One layer of SHD's fires.
        assert sum(layer.spikes > 0 for layer in report.layers) > (name != "shd")


@pytest.mark.parametrize("name", IN_FLOATS)
def test_models_that_add_currents_go_in_floats_alone(
    name: str, onnxruntime: Environment, tmp_path: Path
) -> None:
    network, samples = IN_FLOATS[name]()
    _lively(network, samples)
    for target in ("onnx", "lynxi", "loihi"):
        with pytest.raises(ValueError, match=r"neurons and something else read it.*sew_resnet18"):
            quant.prepare(network, target=target, example=samples)
    artifact = nd.export(network, target="onnx", path=tmp_path, example=samples)
    report = nd.verify(artifact, model=network, samples=samples, simulator=onnxruntime.name)
    assert report.equal, report.to_text()
    assert sum(layer.spikes > 0 for layer in report.layers) > 1
