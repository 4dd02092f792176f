"""The browser of these tests, which count as not run where none can be had."""

from __future__ import annotations

import pytest

from tests.browser.chromium import NoBrowserError, installed


@pytest.fixture(autouse=True, scope="session")
def _browser() -> None:
    try:
        installed()
    except NoBrowserError as error:
        pytest.skip(f"not run: {error}")
