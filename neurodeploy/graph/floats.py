"""Arrays of floats, checked, read-only and stored in single precision where that is exact."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.narrow import Multiples, narrowed_floats, pieces
from neurodeploy.data.structure import Node, require

Floats = NDArray[np.float64]
# In single precision where that is exact, or as integers.
NarrowFloats = NDArray[np.floating[Any]] | Multiples


def finite_array(values: Any, name: str) -> Floats:
    """Return the values as a read-only array.

    Raises:
        ValidationError: if one is NaN or infinite.
    """
    array = np.array(values, dtype=np.float64, order="C")
    # Adding zero leaves no negative zero, which is equal to zero and written unlike it.
    array += 0.0
    require(bool(np.isfinite(array).all()), f"{name}: a value is NaN or infinite")
    array.setflags(write=False)
    return array


def check_finite(node: Node, *names: str) -> None:
    """Check the arrays of some fields and store them read-only.

    Raises:
        ValidationError: if a value is NaN or infinite; names it.
    """
    for name in names:
        value = getattr(node, name)
        if value is not None:
            object.__setattr__(node, name, finite_array(value, f"{node.name}.{name}"))


def narrow_weights(node: Node) -> None:
    """Check a node's weights, and store them in single precision where that is exact.

    Raises:
        ValidationError: if a value is NaN or infinite; names it.
    """
    if isinstance(vars(node)["weight"], Multiples):
        return
    narrow = narrowed_floats(np.asarray(vars(node)["weight"]))
    for piece in pieces(narrow):
        finite = bool(np.isfinite(piece).all())
        require(finite, f"{node.name}.weight: a value is NaN or infinite")
    object.__setattr__(node, "weight", narrow)
