"""Scikit-learn's digits: 1,797 images of 8 x 8, embedded in that package."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_TEST = 360


@dataclass(frozen=True)
class Images:
    """Images (N, C, H, W) in 0..1 and their labels, for training and for test."""

    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor


def digits(seed: int = 0) -> Images:
    """Load the images (N, 1, 8, 8), shuffled by the seed; the last fifth is the test set.

    Raises:
        ImportError: if scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(
            "the digits come with scikit-learn: python -m pip install scikit-learn"
        ) from error
    data = load_digits()
    images = torch.tensor(data.images / 16.0, dtype=torch.float32).unsqueeze(1)
    labels = torch.tensor(data.target)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    images, labels = images[order], labels[order]
    return Images(images[_TEST:], labels[_TEST:], images[:_TEST], labels[:_TEST])
