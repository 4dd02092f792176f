"""Recorded responses predicted from a layer's, for stimuli that the fit has not seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from snncore.similarity.tables import Table, correlations, largest_parts, pair


def regression(
    layer: Any,
    recorded: Any,
    *,
    components: int | None = 40,
    ridge: float = 1.0,
    folds: int | None = None,
    seed: int = 0,
) -> Table:
    """Return, for each recorded unit, the correlation of its responses with their prediction.

    The largest parts of the layer's responses predict them by ridge regression with an intercept.
    Each of `folds` groups of stimuli, drawn by the seed, is predicted from the others; without a
    number each stimulus is a group of its own. The parts are those of all stimuli, which no
    recorded response enters.

    Raises:
        ValueError: if the stimuli differ in number, or there are fewer stimuli than groups.
    """
    sources, targets = pair(layer, recorded, "regression")
    count = len(sources)
    groups = count if folds is None else folds
    if not 2 <= groups <= count:
        raise ValueError(f"similarity.regression: {folds} folds of {count} stimuli (2 to {count})")
    if ridge < 0 or (components is not None and components < 1):
        raise ValueError(
            f"similarity.regression: a ridge of {ridge} and {components} components (from 0, and "
            "from 1)"
        )
    parts = largest_parts(sources, components)
    if groups == count and (each := _each_left_out(parts, targets, ridge)) is not None:
        return correlations(each, targets)
    order = np.random.default_rng(seed).permutation(count)
    predicted = np.empty_like(targets)
    for left_out in np.array_split(order, groups):
        seen = np.setdiff1d(order, left_out)
        predicted[left_out] = _predict(parts[seen], targets[seen], parts[left_out], ridge)
    return correlations(predicted, targets)


def _each_left_out(sources: Table, targets: Table, ridge: float) -> Table | None:
    """Return the prediction of each stimulus from all others, or None if one is not determined.

    Without a stimulus its residual is the one with it, divided by what it does not explain itself.
    """
    left, sizes, _ = np.linalg.svd(sources - sources.mean(0), full_matrices=False)
    tiny = sizes.max(initial=0) * max(sources.shape) * np.finfo(float).eps
    shares = np.where(sizes > tiny, sizes**2 / np.where(sizes > tiny, sizes**2 + ridge, 1), 0.0)
    smoother = (left * shares) @ left.T + 1 / len(sources)
    free = 1 - np.diag(smoother)
    if (free < 1e-8).any():
        return None
    predicted: Table = targets - (targets - smoother @ targets) / free[:, None]
    return predicted


def _predict(sources: Table, targets: Table, asked: Table, ridge: float) -> Table:
    middle, level = sources.mean(0), targets.mean(0)
    left, sizes, right = np.linalg.svd(sources - middle, full_matrices=False)
    tiny = sizes.max(initial=0) * max(sources.shape) * np.finfo(float).eps
    shrunk = np.where(sizes > tiny, sizes / np.where(sizes > tiny, sizes**2 + ridge, 1), 0.0)
    weights = right.T @ (shrunk[:, None] * (left.T @ (targets - level)))
    predicted: Table = (asked - middle) @ weights + level
    return predicted
