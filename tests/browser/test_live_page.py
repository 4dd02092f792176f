"""The example's page shows events, spikes and the decision in a real browser."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Browser

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of the example, which trains for a second or two."""
    command = [sys.executable, "examples/live_page.py", "--port", "0", "--pause", "0.01"]
    with subprocess.Popen(
        [*command, "--epochs", "1"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.kill()


def test_steps_arrive_as_they_are_computed(address: str) -> None:
    with Browser(390) as browser:
        browser.open(address)
        browser.wait("document.querySelectorAll('#layers tr').length === 3")
        browser.wait("Number(document.querySelector('#step').textContent) === 8")
        assert browser.value("document.querySelector('#decision').textContent") in "0123456789"
        # The label changes: the next digit has come.
        first = browser.value("document.querySelector('#label').textContent")
        browser.wait(f"document.querySelector('#label').textContent !== '{first}'")
        lit = "[...document.querySelector('#events').getContext('2d')"
        assert browser.wait(f"{lit}.getImageData(0, 0, 8, 8).data].some(v => v === 200)")
        assert browser.value("Number(document.querySelector('#latency').textContent)") > 0
        assert browser.value("document.documentElement.scrollWidth") <= 390
        assert browser.messages == []
