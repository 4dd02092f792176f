"""One real Ray cluster of two workers on this machine, for the tests of this folder."""

import gc
import os
import warnings
from collections.abc import Iterator

import pytest
import ray


@pytest.fixture(scope="package")
def cluster() -> Iterator[str]:
    """The address of a cluster, which the tests' process is connected to."""
    variables = dict(os.environ)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init("local", num_cpus=2, include_dashboard=False, object_store_memory=100 << 20)
    os.environ.clear()
    os.environ.update(variables)
    yield "local"
    with warnings.catch_warnings():
        # Ray ends the processes of its cluster, and does not wait for them.
        warnings.simplefilter("ignore", ResourceWarning)
        ray.shutdown()
        gc.collect()
