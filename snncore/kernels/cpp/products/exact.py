"""A check of this machine's products on extremes, before they are used."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from snncore.kernels.cpp.products.images import empty
from snncore.kernels.cpp.products.library import (
    HIGHEST_BYTE,
    HIGHEST_WORD,
    is_compiled,
    library,
    most_products,
)
from snncore.kernels.cpp.products.packed import WindowProduct
from snncore.kernels.cpp.products.windows import Windows

# Fewer groups a sum of 16 bits are not worth it; none is not exact.
FEWEST = 2


def products_work(*, build: bool = True) -> bool:
    """Return whether this machine has products and computes them as plain integers are.

    Without `build`, it has only those that were compiled before.
    """
    return (build or is_compiled()) and _are_exact()


@lru_cache(1)
def _are_exact() -> bool:
    if library() is None:
        return False
    highest = [value for value in (1, 63, HIGHEST_BYTE) if most_products(value) >= FEWEST]
    return all(_is_exact(0, value, np.int8) for value in highest) and _is_exact(
        -HIGHEST_WORD, HIGHEST_WORD, np.int16
    )


def _is_exact(low: int, high: int, kind: type[np.integer]) -> bool:
    """Return whether products of the lowest and the highest values are those of NumPy."""
    extremes = np.iinfo(kind)
    lowest = max(extremes.min, -HIGHEST_WORD)
    weight = np.resize([lowest, extremes.max, lowest, lowest, lowest, lowest, 0], (17, 3, 83))
    if kind is np.int16:
        # The extremes of one pair fill the sum's 32 bits.
        weight[:, 1:], weight[:, :, 2:] = 0, 0
    source = np.resize([high, high, low, high, high], (1, 5, 7, 83)).astype(np.int64)
    table = torch.tensor([[0, 1, 2], [3, -1, 4], [6, 5, -1]], dtype=torch.int32)
    windows = Windows(table, (3,))
    product = WindowProduct(weight.astype(kind), windows, high, of_bytes=kind is np.int8)
    values = empty(source.shape, product.kind).copy_(torch.from_numpy(source))
    seen = np.where(table.numpy()[..., None] < 0, 0, source[:, :, table.numpy()])
    expected = seen.reshape(5, 3, -1).astype(np.float64) @ weight.reshape(17, -1).T
    return bool((product(values).numpy() == expected).all())
