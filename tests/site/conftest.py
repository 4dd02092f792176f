"""The site that these tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.site.building import built


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site."""
    return built(tmp_path_factory.getbasetemp())
