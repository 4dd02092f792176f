"""pytest's option `--target`, the table of what the target accepts, and a fixture for users."""

from __future__ import annotations

from typing import Any

import pytest

OPTION = "--target"
_KIT = ("neurodeploy.testing", "neurodeploy.testing.test_target")
_NAME = "neurodeploy_target"


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the option that names the target, if the kit is run.

    pytest loads this plugin everywhere, and another project may have an option of that name.
    """
    config = pluginmanager.get_plugin("pytestconfig")
    if config is None or not any(_asks(str(each)) for each in config.invocation_params.args):
        return
    group = parser.getgroup("neurodeploy", "neurodeploy's conformance kit")
    words = "The target that neurodeploy.testing tests."
    group.addoption(OPTION, dest=_NAME, metavar="NAME", help=words)


@pytest.fixture
def parity() -> Any:
    """Return `neurodeploy.testing.assert_parity`."""
    from neurodeploy.testing.parity import assert_parity

    return assert_parity


def _asks(argument: str) -> bool:
    return argument.split("::")[0] in _KIT


def named_target(config: pytest.Config) -> str | None:
    """Return the target that the command line names, if it names one."""
    name: str | None = config.getoption(_NAME, None)
    return name


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print which programs the target accepts, and what each of its simulators computed."""
    name = named_target(config)
    reports = [
        (outcome, report)
        for outcome in ("passed", "failed", "skipped")
        for report in terminalreporter.stats.get(outcome, ())
        if isinstance(report, pytest.TestReport)
    ]
    verdicts, runs = dict[str, str](), dict[str, list[str]]()
    for outcome, report in reports:
        properties = dict(report.user_properties)
        program = str(properties.get("program", ""))
        if "verdict" in properties:
            verdicts[program] = str(properties["verdict"])
        if "simulator" in properties:
            words = {"passed": "equal", "failed": "DIFFERS", "skipped": _reason(report)}[outcome]
            runs.setdefault(program, []).append(f"{properties['simulator']}: {words}")
    if not name or not verdicts:
        return
    terminalreporter.section(f"what {name} takes")
    width = max(map(len, verdicts))
    for program, verdict in verdicts.items():
        terminalreporter.write_line(f"{program:{width}}  {verdict}")
        for line in runs.get(program, []):
            terminalreporter.write_line(f"{'':{width}}    {line}")
    count = sum(verdict == "taken" for verdict in verdicts.values())
    terminalreporter.write_line(f"{count} of {len(verdicts)} programs are taken")


def _reason(report: pytest.TestReport) -> str:
    """Return why a test was skipped."""
    location = report.longrepr
    words = location[2] if isinstance(location, tuple) else str(location)
    return words.removeprefix("Skipped: ")
