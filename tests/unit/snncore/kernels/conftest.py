"""A cache of compiled kernels that lasts from run to run, and poison in new memory."""

import os
from collections.abc import Iterator

import pytest
import torch

from tests.unit.snncore.kernels.precompiled import fast_compiler


@pytest.fixture(autouse=True, scope="module")
def kernel_cache(pytestconfig: pytest.Config) -> Iterator[None]:
    """Keep kernels in pytest's own cache: each is known by its source, flags and compiler.

    For the kernels' tests alone: simulators lie in the user's cache.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(pytestconfig.cache.mkdir("kernels")))
        fast = fast_compiler(pytestconfig.cache.mkdir("headers"))
        if fast and "CXX" not in os.environ:
            patch.setenv("CXX", str(fast))
        yield


@pytest.fixture(autouse=True)
def poisoned() -> Iterator[None]:
    """Fill the memory of `torch.empty` with NaN, so that an unwritten lane shows."""
    torch.use_deterministic_algorithms(True)
    assert torch.utils.deterministic.fill_uninitialized_memory
    yield
    torch.use_deterministic_algorithms(False)
