"""A worker that measures networks by NeuroBench's own harness, in snnTorch's sandbox."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np
import torch


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Return the harness's metrics of each network: as snnTorch's, and through our adapter."""
    sys.path += job["path"]
    results = []
    for index, network in enumerate(job["networks"]):
        samples = torch.from_numpy(np.load(exchange.input(f"samples{index}"))).float()
        weights = [np.load(exchange.input(f"weight{index}.{n}")) for n in range(len(network))]
        net = _chain(network, weights)
        results.append(
            {"theirs": _measured(_theirs(net), samples), "ours": _measured(_ours(net), samples)}
        )
    return {"metrics": results}


def _chain(network: list[dict[str, Any]], weights: list[np.ndarray]) -> torch.nn.Module:
    """Return weights and integrators that reset to zero at once, with one output."""
    snn = importlib.import_module("snntorch")
    layers: list[torch.nn.Module] = []
    for each, weight in zip(network, weights, strict=True):
        outputs, inputs, *kernel = weight.shape
        if kernel:
            linear: Any = torch.nn.Conv2d(
                inputs, outputs, kernel, each["stride"], each["padding"], bias=False
            )
        else:
            layers.append(torch.nn.Flatten())
            linear = torch.nn.Linear(inputs, outputs, bias=False)
        linear.weight = torch.nn.Parameter(torch.from_numpy(weight).float())
        # It fires above a threshold, and ours at one.
        leaky = snn.Leaky(
            beta=1.0,
            threshold=each["threshold"] - 0.5,
            reset_mechanism="zero",
            reset_delay=False,
            init_hidden=True,
        )
        layers += [linear, leaky]
    layers[-1].output = True
    return torch.nn.Sequential(*layers)


def _theirs(net: torch.nn.Module) -> Any:
    return importlib.import_module("neurobench.models").SNNTorchModel(net)


def _measured(model: Any, samples: torch.Tensor) -> dict[str, float]:
    """Return the harness's metrics over samples (T, N, ...)."""
    static = importlib.import_module("neurobench.metrics.static")
    workload = importlib.import_module("neurobench.metrics.workload")
    model.register_hooks()
    batch = samples.transpose(0, 1)
    with torch.no_grad():
        outputs = model(batch)
    measured = (model, outputs, (batch, None))
    operations = workload.SynapticOperations()(*measured)
    result = {
        "connection_sparsity": static.ConnectionSparsity()(model),
        "weights": static.ParameterCount()(model),
        "activation_sparsity": workload.ActivationSparsity()(*measured),
        "membrane_updates": workload.MembraneUpdates()(*measured),
        "effective_acs": operations["Effective_ACs"],
        "effective_macs": operations["Effective_MACs"],
        "dense": operations["Dense"],
    }
    model.cleanup_hooks()
    return {name: float(value) for name, value in result.items()}


def _ours(net: torch.nn.Module) -> Any:
    """Return the same network of our layers, through the adapter."""
    layer = importlib.import_module("snncore.layer")
    neuron = importlib.import_module("snncore.neuron")
    layers: list[torch.nn.Module] = []
    for each in net:
        if isinstance(each, torch.nn.Conv2d):
            outputs, inputs = each.out_channels, each.in_channels
            same = layer.Conv2d(
                inputs, outputs, each.kernel_size, each.stride, each.padding, bias=False
            )
        elif isinstance(each, torch.nn.Linear):
            same = layer.Linear(each.in_features, each.out_features, bias=False)
        elif isinstance(each, torch.nn.Flatten):
            same = layer.Flatten()
        else:
            same = neuron.IF(float(each.threshold) + 0.5, reset="hard")
        if hasattr(each, "weight"):
            same.weight = each.weight
        layers.append(same)
    base = importlib.import_module("neurobench.models").NeuroBenchModel
    harness = importlib.import_module("neurodeploy.testing.harness")
    return harness.harness_model(torch.nn.Sequential(*layers), base)
