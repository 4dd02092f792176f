"""The duties of a target for every program of the suite, as tasks for one worker or for many."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from neurodeploy.distribution import toolchain_version
from neurodeploy.flow.sharing.tasks import Tasks
from neurodeploy.flow.sharing.work import Item
from neurodeploy.target import target
from neurodeploy.testing import checks, controls
from neurodeploy.testing.suite import Case, suite

EQUAL = "equal"


@dataclass
class Row:
    """One program: whether the target takes it, what simulators computed, and what is wrong."""

    program: str
    # The target's reason, if it refuses the program.
    refused: str | None = None
    # By simulator: equal, or why it was not run.
    simulators: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def conformed(name: str, tasks: Tasks) -> list[Row]:
    """Return what holds of a target for every program of its suite.

    Raises:
        UnknownNameError: if there is no such target.
    """
    target(name)
    same = {"target": name, "version": toolchain_version()}
    items = [same | {"program": program} for program in suite(name)]
    return [Row(**each) for each in tasks.run(row, items)]


def row(item: Item) -> dict[str, Any]:
    """Return the fields of one program's row; runs on any machine."""
    chip, case = target(item["target"]), suite(item["target"])[item["program"]]
    program = Row(case.name)

    def duty(check: Callable[[], Any], named: str) -> Any:
        # A defect of one duty leaves the others to be seen.
        try:
            return check()
        except (Exception, SystemExit) as error:  # noqa: BLE001
            program.problems.append(f"{named}: {error or type(error).__name__}")
            return None

    duty(lambda: checks.check_spikes(case), "samples")
    findings = duty(lambda: checks.check_findings(chip, case.program), "check")
    refusals = checks.errors_in(findings or ())
    if refusals:
        program.refused = str(refusals[0])
    if refusals or findings is None:
        return asdict(program)
    with tempfile.TemporaryDirectory(prefix="neurodeploy-conformance-") as scratch:
        folder = Path(scratch)
        duty(lambda: checks.check_compiled(chip, case.program), "compile")
        duty(lambda: checks.check_read(chip, case.program), "read")
        duty(lambda: checks.check_folder(chip, case, folder / "folder"), "folder")
        for name in checks.judges(chip):
            where = folder / f"simulator {name}"
            before = len(program.problems)
            reason = duty(partial(checks.check_simulator, chip, case, name, where), name)
            differs = len(program.problems) > before
            program.simulators[name] = "DIFFERS" if differs else reason or EQUAL
        _controlled(chip, case, folder, duty)
    return asdict(program)


def _controlled(
    chip: Any, case: Case, folder: Path, duty: Callable[[Callable[[], Any], str], Any]
) -> None:
    """Check that tampering with the program's artifact is found."""
    for name, control in controls.CONTROLS.items():
        duty(partial(control, chip, case, folder / name), name)
