"""Representational similarity analysis (Kriegeskorte et al. 2008).

Two systems are alike if the same stimuli are alike to both.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from snncore.similarity.tables import Table, centred, correlations, ranks, table

_MEASURES = ("correlation", "cosine", "euclidean")
_METHODS = ("spearman", "pearson", "cosine")


def dissimilarities(responses: Any, measure: str = "correlation") -> Table:
    """Return how unlike each pair of stimuli is, (stimuli, stimuli).

    The measures are 1 - Pearson's correlation of the two rows, 1 - their cosine, or the squared
    distance of the rows by unit. A row without any change correlates with none.

    Raises:
        ValueError: if there is no such measure, or the responses are not (stimuli, units).
    """
    values = table(responses, "dissimilarities")
    if measure not in _MEASURES:
        raise ValueError(
            f"similarity.dissimilarities: no measure {measure!r}; there are {', '.join(_MEASURES)}"
        )
    if measure == "euclidean":
        squares = (values**2).sum(1)
        gaps = squares[:, None] + squares - 2 * values @ values.T
        distances: Table = np.maximum(gaps, 0.0) / values.shape[1]
        np.fill_diagonal(distances, 0.0)
        return distances
    rows = centred(values.T).T if measure == "correlation" else values
    sizes = np.sqrt((rows**2).sum(1))
    still = sizes <= np.finfo(float).eps * np.sqrt((values**2).sum(1))
    units = np.where(still[:, None], 0.0, rows / np.where(still, 1, sizes)[:, None])
    unlike: Table = 1 - np.clip(units @ units.T, -1.0, 1.0)
    np.fill_diagonal(unlike, 0.0)
    return unlike


def rsa(one: Any, other: Any, *, measure: str = "correlation", method: str = "spearman") -> float:
    """Return how well the dissimilarities of two systems agree, over all pairs of stimuli.

    They are compared by Spearman's or Pearson's correlation, or by their cosine.

    Raises:
        ValueError: if there is no such method or measure, or the stimuli differ in number.
    """
    if method not in _METHODS:
        raise ValueError(f"similarity.rsa: no method {method!r}; there are {', '.join(_METHODS)}")
    first, second = dissimilarities(one, measure), dissimilarities(other, measure)
    if len(first) != len(second):
        raise ValueError(
            f"similarity.rsa: {len(first)} and {len(second)} stimuli (both see the same ones)"
        )
    upper = np.triu_indices(len(first), 1)
    a, b = first[upper], second[upper]
    if method == "spearman":
        a, b = ranks(a), ranks(b)
    if method == "cosine":
        size = float(np.sqrt((a**2).sum() * (b**2).sum()))
        return float(a @ b) / size if size else 0.0
    return float(correlations(a[:, None], b[:, None])[0])
