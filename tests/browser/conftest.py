"""The browser of these tests, which count as not run where none can be had."""

from __future__ import annotations

import pytest

from tests.browser.chromium import Browser, NoBrowserError


@pytest.fixture(autouse=True, scope="session")
def _browser() -> None:
    try:
        # One that is here may still lack libraries of the system.
        with Browser():
            pass
    except NoBrowserError as error:
        pytest.skip(f"not run: {error}")
