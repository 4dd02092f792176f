"""Types of members: arrays are known behind the alias that NumPy 2.5 has for them, too."""

from __future__ import annotations

from types import GenericAlias, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neurodeploy.data.typed import fits

# As a type alias of Python 3.12 looks, which NDArray is since NumPy 2.5.
ALIAS: Any = SimpleNamespace(__value__=np.ndarray[Any, np.dtype[np.int64]])


@pytest.mark.parametrize("hint", [NDArray[np.int64], GenericAlias(ALIAS, (np.int64,))])
def test_an_array_fits_however_its_type_is_written(hint: Any) -> None:
    assert fits(np.zeros(3, np.int64), hint)
    assert not fits([0, 0, 0], hint)
