"""A sweep of faults counts labels, or the model's own decisions."""

from pathlib import Path

import numpy as np
import torch

import neurodeploy as nd
from neurodeploy.flow.sweeping.faulty import faulty
from snncore import faults, layer, neuron


def test_labels_or_own_decisions(tmp_path: Path) -> None:
    torch.manual_seed(3)
    rng = np.random.default_rng(0)
    samples = (rng.random((6, 12, 9)) < 0.5).astype(np.float32)
    net = torch.nn.Sequential(layer.Linear(9, 12), neuron.IF(0.2), layer.Linear(12, 3))
    nd.save(net, tmp_path / "model.pt", example=torch.from_numpy(samples))
    np.save(tmp_path / "samples.npy", samples)
    own = faulty(tmp_path / "model.pt", tmp_path / "samples.npy", 2, {})
    assert own.healthy == 1
    assert own.mean("dropped spikes", 0.5) < 1
    labels = rng.integers(0, 3, 12)
    np.savez(tmp_path / "samples.npz", samples=samples, labels=labels)
    counted = faulty(tmp_path / "model.pt", tmp_path / "samples.npz", 2, {})
    inputs = torch.from_numpy(samples)
    expected = faults.sweep(net, inputs, torch.from_numpy(labels), seeds=2)
    assert counted == expected
    assert counted.healthy < 1
