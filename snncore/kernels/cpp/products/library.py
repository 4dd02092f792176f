"""The compiled products of this machine, once they are known to be exact on it."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

from snncore.kernels.cpp.build import CompilerError, is_built, load
from snncore.kernels.cpp.products.text import SOURCE

# A source of bytes is unsigned, and one of words signed; of weights both are signed.
HIGHEST_BYTE, HIGHEST_WORD = 255, (1 << 15) - 1
_LARGEST_PAIR = 2 * 128
# By function: how many pointers it takes.
_POINTERS = {"product": 6, "pack_bytes": 3, "pack_words": 3, "weigh_channels": 5, "pool": 4}


class Layer(ctypes.Structure):
    """A product's sizes, as the C++ text declares them."""

    _fields_ = tuple(
        (name, ctypes.c_int64)
        for name in (
            *("windows", "positions", "channels", "outputs"),
            *("images", "samples", "step_bytes", "sample_bytes", "pixel_bytes"),
            *("are_bytes", "most", "across", "threads"),
        )
    )


def is_compiled() -> bool:
    """Return whether the products are in the cache, so that no compiler has to run."""
    return is_built(SOURCE)


@lru_cache(1)
def library() -> Any | None:
    """Return the compiled library, or None if this machine cannot compile it."""
    try:
        compiled = load(SOURCE)
    except CompilerError:
        return None
    for name, pointers in _POINTERS.items():
        function = getattr(compiled, name)
        function.restype, function.argtypes = None, (ctypes.c_void_p,) * pointers
    for name in ("outputs_of_a_block", "is_narrow"):
        getattr(compiled, name).restype = ctypes.c_int64
    return compiled


def most_products(highest: int) -> int:
    """Return how many groups of four products of bytes up to `highest` a sum may hold.

    Fewer than two mean that such bytes are not worth it, or not exact.
    """
    compiled = library()
    if compiled is None or highest > HIGHEST_BYTE:
        return 0
    if not compiled.is_narrow():
        return 1 << 40
    # A sum of 16 bits takes one pair of each group.
    return HIGHEST_WORD // (_LARGEST_PAIR * max(highest, 1))
