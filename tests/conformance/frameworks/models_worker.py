"""A worker that compares our models with SpikingJelly's, with the same weights, in its sandbox."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

_BLOCKS = ("layer1.0", "layer1.1", "layer2.0", "layer3.0")


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Return each model's spikes, and how far its outputs and gradients are from the peer's."""
    sys.path += job["path"]
    import spikingjelly.activation_based as base

    # The door of its models imports torchvision, which these files do not need.
    package = types.ModuleType("spikingjelly.activation_based.model")
    package.__path__ = [str(Path(base.__file__).parent / "model")]
    sys.modules[package.__name__] = package
    results = {}
    for name, make in (("MS-ResNet", _ms_resnet), ("spike-driven", _spike_driven)):
        exchange.progress(name)
        results[name] = _compared(*make(package.__name__))
    return results


def _ms_resnet(package: str) -> tuple[Any, Any, Callable[[str], str], tuple[int, ...]]:
    import torch

    from snncore import models, surrogate
    from snncore.models.ms_resnet import ms_neuron

    torch.manual_seed(1)
    theirs = importlib.import_module(f"{package}.ms_resnet").MSResNet(
        T=4,
        in_channels=2,
        num_classes=5,
        layers=(2, 1, 1),
        base_channels=8,
        stem_kernel_size=3,
        stem_stride=1,
    )
    # Its surrogate is twice as high and half as wide as the paper's.
    narrow = partial(ms_neuron, surrogate=surrogate.Rectangular(2.0))
    options = {"channels": 2, "width": 8, "small_images": True, "neuron": narrow}
    return theirs, models.MSResNet((2, 1, 1), 5, **options), _of_ms_resnet, (4, 2, 2, 16, 16)


def _of_ms_resnet(key: str) -> str:
    first, *rest = key.split(".")
    if first == "stem":
        return key
    if first == "fc":
        return f"head.{rest[0]}"
    block = _BLOCKS[int(rest[0])]
    if rest[1] == "downsample":
        return ".".join([block, *rest[1:]])
    names = {"1": "conv1", "2": "bn1", "4": "conv2", "5": "bn2"}
    return f"{block}.{names[rest[2]]}.{rest[3]}"


def _spike_driven(package: str) -> tuple[Any, Any, Callable[[str], str], tuple[int, ...]]:
    import torch

    from snncore import models, neuron, surrogate

    torch.manual_seed(2)
    module = importlib.import_module(f"{package}.spike_driven_transformer")
    options = {"in_channels": 2, "num_classes": 5, "embed_dims": 16, "num_heads": 2, "depths": 2}
    theirs = module.SpikeDrivenTransformer(T=4, detach_reset=True, **options)
    with torch.no_grad():
        for name, parameter in theirs.named_parameters():
            # Norms take these biases away, and the paper has none.
            if name.startswith("patch_embed") and name.endswith("0.bias"):
                parameter.zero_()
    like = partial(neuron.LIF, detach_reset=True, surrogate=surrogate.Sigmoid(4.0))
    mine = models.SpikeDrivenTransformer(2, 16, 5, channels=2, neuron=like)
    return theirs, mine, _of_spike_driven, (4, 2, 2, 32, 32)


def _of_spike_driven(key: str) -> str:
    first, *rest = key.split(".")
    if first == "head":
        return key
    if first == "position":
        return f"patch_embed.{({'1': 'rpe_conv', '2': 'rpe_bn'})[rest[0]]}.{rest[1]}"
    if first == "patches":
        stage = int(rest[0]) // 2
        stem = f"stages.{stage}" if stage < 3 else "final_stage"
        return ".".join(["patch_embed", stem, *rest[1:]])
    block, part = f"blocks.{rest[0]}", rest[1]
    if part == "mix":
        names = {"1": "fc1", "2": "bn1", "4": "fc2", "5": "bn2"}
        return f"{block}.mlp.{names[rest[2]]}.{rest[3]}"
    kind = ("conv", "bn")[int(rest[3])]
    name = f"proj_{kind}" if rest[2] == "project" else f"{rest[2][0]}_{kind}"
    return f"{block}.attn.{name}.{rest[4]}"


def _compared(
    theirs: Any, mine: Any, name_of: Callable[[str], str], shape: tuple[int, ...]
) -> dict[str, Any]:
    """Return the counts of spikes of every layer, and the largest distances."""
    import torch
    from spikingjelly.activation_based.neuron import BaseNode

    from snncore import monitor

    for module in theirs.modules():
        if hasattr(module, "running_mean"):
            # Some begin with zeros, so that nothing before them learns.
            torch.nn.init.ones_(module.weight)
    source = theirs.state_dict()
    mine.load_state_dict({key: source[name_of(key)].clone() for key in mine.state_dict()})
    x = 2 * torch.rand(shape)
    fired: list[Any] = []
    for module in theirs.modules():
        if isinstance(module, BaseNode):
            module.register_forward_hook(lambda m, i, out: fired.append(out.detach()))
    expected = theirs.train()(x)
    with monitor.outputs(mine) as seen:
        output = mine.train()(x).mean(0)
    output.square().sum().backward()
    expected.square().sum().backward()
    # Tokens and pixels are arranged in other ways: each layer's spikes, unit by unit, in order.
    ours = sorted(_profile(values[0]) for values in seen.values())
    named = dict(theirs.named_parameters())
    largest = max(float(p.grad.abs().max()) for p in named.values() if p.grad is not None)
    gaps = [
        float((parameter.grad - named[name_of(key)].grad).abs().max())
        for key, parameter in mine.named_parameters()
        # A norm takes a bias away: its gradient is zero but for rounding.
        if float(named[name_of(key)].grad.abs().max()) > 1e-5 * largest
    ]
    return {
        "layers": len(ours),
        "equal": ours == sorted(_profile(values) for values in fired),
        "spikes": sum(sum(profile) for profile in ours),
        "output": float((output - expected).abs().max() / expected.abs().max()),
        "gradient": max(gaps) / largest,
        "learning": len(gaps),
    }


def _profile(spikes: Any) -> list[float]:
    """Return how often each unit of each sample fired in each step, without its arrangement."""
    steps = spikes.flatten(2).sum(2).flatten().tolist()
    return [float(value) for value in steps]
