"""Outcomes printed below the tests: what a run compared, not only that it passed."""

from __future__ import annotations

import pytest


class Summary:
    """A line below the tests."""

    def __init__(self, title: str, text: str) -> None:
        self.title = title
        self.text = text

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Called when all tests have run."""
        terminalreporter.section(self.title)
        terminalreporter.write_line(self.text)


def show(config: pytest.Config, title: str, text: str) -> None:
    """Have this printed below the tests."""
    config.pluginmanager.register(Summary(title, text))
