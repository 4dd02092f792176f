"""The real simulators, installed into the user's cache where they are missing."""

from contextlib import suppress

import pytest

from neurodeploy.errors import NeurodeployError
from neurodeploy.sandbox import Environment, install
from targets.loihi.simulate import LAVA


def pytest_runtestloop(session: pytest.Session) -> None:
    # before the first test, whose time limit a download must not use up
    needed = any("lava" in getattr(item, "fixturenames", ()) for item in session.items)
    if needed and not session.config.option.collectonly:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        # what cannot be had fails the tests that need it, through their fixture
        with suppress(NeurodeployError):
            install(LAVA, progress=reporter.write_line if reporter else None)


@pytest.fixture(scope="session")
def lava() -> Environment:
    """Lava, ready to run."""
    install(LAVA)
    return LAVA
