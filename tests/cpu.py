"""CPU seconds per test, of its process and of those that it started: other work does not count."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest


def seconds() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


class Meter:
    """Sums of CPU seconds by test; a worker's reports bring them to the main process."""

    def __init__(self) -> None:
        self.tests: Counter[str] = Counter()
        self.beside = 0.0
        self._last = 0.0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        self._last = seconds()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Any:
        report = yield
        now = seconds()
        report.cpu_seconds, self._last = now - self._last, now
        return report

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.tests[report.nodeid] += getattr(report, "cpu_seconds", 0.0)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["cpu_seconds"] = seconds()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.beside += getattr(node, "workeroutput", {}).get("cpu_seconds", 0.0)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Show the ten tests that took most, and write all where CPU_SECONDS says."""
        total = sum(self.tests.values())
        # The workers are children of this process, and said themselves what they took.
        all_in_all = self.beside + sum(os.times()[:2]) if self.beside else seconds()
        terminalreporter.section(f"CPU seconds: {all_in_all:.0f}, {total:.0f} of them in tests")
        for test, number in self.tests.most_common(10):
            terminalreporter.write_line(f"{number:8.2f} {test}")
        if file := os.environ.get("CPU_SECONDS"):
            lines = [f"{number:.3f} {test}\n" for test, number in self.tests.most_common()]
            Path(file).write_text(f"{all_in_all:.3f} ALL\n" + "".join(lines))
