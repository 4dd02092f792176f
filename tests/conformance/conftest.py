"""The real simulators, installed into the user's cache where they are missing."""

import pytest

from neurodeploy.sandbox import Environment, install
from targets.loihi.simulate import LAVA


@pytest.fixture(scope="session")
def lava() -> Environment:
    """Lava, ready to run."""
    install(LAVA)
    return LAVA
