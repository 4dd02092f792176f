"""Synthetic neurons that respond to one layer of a network, found again by three metrics.

python examples/similarity.py
"""

import numpy as np
import torch

from snncore import data, encoding, functional, layer, loss, neuron, similarity

# The layer that the synthetic neurons listen to.
HEARD = "5"


def network() -> torch.nn.Sequential:
    """Return a small convolutional network for the digits."""
    return torch.nn.Sequential(
        layer.Conv2d(1, 16, 3, padding=1, bias=False),
        layer.BatchNorm2d(16),
        neuron.LIF(threshold=0.5, detach_reset=True),
        layer.Flatten(),
        layer.Linear(16 * 64, 64),
        neuron.LIF(threshold=0.5, detach_reset=True),
        layer.Linear(64, 32),
        neuron.LIF(threshold=0.5, detach_reset=True),
        layer.Linear(32, 10),
    )


def trained(images: data.Images) -> torch.nn.Sequential:
    """Train a network for a few epochs."""
    net = network()
    optimizer = torch.optim.Adam(net.parameters(), 5e-3)
    for _ in range(4):
        for batch in torch.randperm(len(images.train)).split(64):
            functional.reset(net)
            outputs = net(encoding.direct(images.train[batch], 4))
            value = loss.temporal_cross_entropy(outputs, images.train_labels[batch])
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    return net


def recorded(responses: np.ndarray, units: int = 50, repeats: int = 10) -> similarity.NeuralTrials:
    """Return noisy trials of neurons that each weigh the units of a layer."""
    random = np.random.default_rng(0)
    signal = responses @ random.normal(size=(responses.shape[1], units))
    noise = random.normal(size=(len(signal), repeats, units)) * signal.std()
    return similarity.NeuralTrials(signal[:, None] + noise)


if __name__ == "__main__":
    torch.manual_seed(0)
    digits = data.digits()
    layers = similarity.layer_responses(trained(digits), encoding.direct(digits.test[:120], 8))
    regions = {"synthetic": recorded(layers[HEARD])}
    for metric in ("rsa", "svcca", "regression"):
        comparison = similarity.compare(layers, regions, metric)
        print(comparison.text())
        print(f"most like layer {comparison.best('synthetic')}; the neurons hear layer {HEARD}\n")
