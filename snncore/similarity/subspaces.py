"""Similarity of the subspaces that responses span: canonical correlations, and kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from snncore.similarity.tables import Table, centred, largest_parts, pair


def canonical_correlations(one: Any, other: Any) -> Table:
    """Return the correlations of the best matched directions of both, the largest first.

    There are as many as the smaller of the two has directions; 1 for all if one is a linear
    function of the other.

    Raises:
        ValueError: if the stimuli differ in number.
    """
    first, second = pair(one, other, "canonical_correlations")
    bases = [_basis(centred(values)) for values in (first, second)]
    cosines: Any = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)
    clipped: Table = np.clip(cosines, 0.0, 1.0)
    return clipped


def _basis(values: Table) -> Table:
    """Return orthonormal columns that span those of a table."""
    left, sizes, _ = np.linalg.svd(values, full_matrices=False)
    tiny = sizes.max(initial=0) * max(values.shape) * np.finfo(float).eps
    basis: Table = left[:, sizes > tiny]
    return basis


def svcca(
    one: Any, other: Any, *, components: int | None = 40, share: float | None = None
) -> float:
    """Return the mean canonical correlation of the largest parts of both (Raghu et al. 2017).

    The parts are singular vectors of the responses: at most `components`, and no more than make up
    `share` of their squares. 0 if one of them never changes.

    Raises:
        ValueError: if the stimuli differ in number, or no part is asked for.
    """
    if (components is not None and components < 1) or not (share is None or 0 < share <= 1):
        raise ValueError(
            f"similarity.svcca: {components} components and a share of {share} (one or more, and "
            "up to 1)"
        )
    first, second = pair(one, other, "svcca")
    parts = (largest_parts(values, components, share) for values in (first, second))
    reduced = [values for values in parts if values.shape[1]]
    if len(reduced) < 2:
        return 0.0
    cosines = canonical_correlations(*reduced)
    return float(cosines.mean()) if len(cosines) else 0.0


def cka(one: Any, other: Any) -> float:
    """Return the alignment of the centred linear kernels (Kornblith et al. 2019).

    It changes neither by a rotation of units nor by a common factor; 0 if one never changes.

    Raises:
        ValueError: if the stimuli differ in number.
    """
    first, second = (centred(values) for values in pair(one, other, "cka"))
    met = float(((first.T @ second) ** 2).sum())
    sizes = [float(np.sqrt(((values @ values.T) ** 2).sum())) for values in (first, second)]
    return met / (sizes[0] * sizes[1]) if all(sizes) else 0.0
