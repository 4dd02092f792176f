"""Responses as tables (stimuli, units) in double precision, and correlations of their columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Table = NDArray[np.float64]


def table(values: Any, name: str) -> Table:
    """Return responses (stimuli, ...) with a row a stimulus.

    Raises:
        ValueError: if there are fewer than three stimuli, no units, or numbers that are not finite.
    """
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    array = array.astype(np.float64)
    if array.ndim < 2 or len(array) < 3 or array.size == 0:
        raise ValueError(
            f"similarity.{name}: takes responses (stimuli, units) to three stimuli or more, but "
            f"got {array.shape}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"similarity.{name}: responses that are not finite (leave the units out)")
    return array.reshape(len(array), -1)


def pair(one: Any, other: Any, name: str) -> tuple[Table, Table]:
    """Return two tables of the same stimuli.

    Raises:
        ValueError: if their stimuli differ in number.
    """
    first, second = table(one, name), table(other, name)
    if len(first) != len(second):
        raise ValueError(
            f"similarity.{name}: {len(first)} and {len(second)} stimuli (both see the same ones)"
        )
    return first, second


def centred(values: Table) -> Table:
    """Subtract each column's mean."""
    moved: Table = values - values.mean(0)
    return moved


def largest_parts(values: Table, components: int | None, share: float | None = None) -> Table:
    """Return the first columns of u * s of the singular values, without a mean subtracted.

    As many as `components`, or as make up this share of the squares; none means all.
    """
    left, sizes, _ = np.linalg.svd(values, full_matrices=False)
    # Directions that rounding alone makes would count as much as any other.
    rank = int((sizes > sizes.max(initial=0) * max(values.shape) * np.finfo(float).eps).sum())
    count = rank if components is None else min(components, rank)
    if share is not None:
        portions = np.cumsum(sizes**2) / max(float((sizes**2).sum()), np.finfo(float).tiny)
        count = min(count, int(np.searchsorted(portions, share - 1e-12)) + 1)
    parts: Table = left[:, :count] * sizes[:count]
    return parts


def correlations(one: Table, other: Table) -> Table:
    """Return Pearson's correlation of each column with its own in the other; 0 if one is still."""
    first, second = centred(one), centred(other)
    sizes = np.sqrt((first**2).sum(0) * (second**2).sum(0))
    moving = sizes > np.finfo(float).eps * np.sqrt(
        np.maximum((one**2).sum(0) * (other**2).sum(0), np.finfo(float).tiny)
    )
    result: Table = np.where(moving, (first * second).sum(0) / np.where(moving, sizes, 1), 0.0)
    return result


def ranks(values: Table) -> Table:
    """Return the ranks of values, where equal ones share their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    shared: Table = ((ends - counts + 1 + ends) / 2)[inverse.reshape(values.shape)]
    return shared
