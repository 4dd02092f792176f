"""Scikit-learn's digits as spikes: 1,797 images of 8 x 8 that its package includes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from neurodeploy.errors import NeurodeployError
from snncore import encoding

STEPS = 8
_TEST = 360


@dataclass(frozen=True)
class Digits:
    """Spikes (T, N, 1, 8, 8) and labels, for training and for testing."""

    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor


def load_digits(seed: int = 0) -> Digits:
    """Return the images, shuffled once; the brighter a pixel, the more often it fires.

    Raises:
        NeurodeployError: if scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits as load
    except ImportError as error:
        raise NeurodeployError(
            "the demo's data come with scikit-learn",
            remedy="python -m pip install scikit-learn",
        ) from error
    data = load()
    images = torch.tensor(data.images / 16.0, dtype=torch.float32).unsqueeze(1)
    labels = torch.tensor(data.target)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    spikes, labels = encoding.level(images[order], STEPS), labels[order]
    return Digits(spikes[:, _TEST:], labels[_TEST:], spikes[:, :_TEST], labels[:_TEST])
