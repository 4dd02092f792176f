"""The suite on the target that `--target` names: `pytest --pyargs neurodeploy.testing`."""

from __future__ import annotations

import pytest

from neurodeploy.testing.conformance import Conformance
from neurodeploy.testing.plugin import OPTION, named_target


class TestTarget(Conformance):
    """The target of the command line."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Take the target's name from the command line, then generate."""
        name = named_target(metafunc.config)
        if not name:
            raise pytest.UsageError(f"name the target to test: {OPTION} NAME")
        type(self).target = name
        super().pytest_generate_tests(metafunc)
