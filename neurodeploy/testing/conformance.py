"""The kit as a test class: name a target in a subclass, and pytest runs the suite through it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import pytest

from neurodeploy.target import Target, target
from neurodeploy.testing import checks, controls
from neurodeploy.testing.suite import suite

Record = Callable[[str, object], None]


@lru_cache
def accepted_programs(name: str) -> tuple[str, ...]:
    """Return the programs of the suite that a target takes; what fails to check is not taken."""
    chip, names = target(name), []
    for program, case in suite(name).items():
        try:
            refusals = checks.errors_in(chip.check(case.program))
        # The test of `check` reports any exception here.
        except (Exception, SystemExit):  # noqa: BLE001
            continue
        names += [] if refusals else [program]
    return tuple(names)


def _spread(programs: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Return so many of the programs, the first and the last among them."""
    indices = {round(index * (len(programs) - 1) / max(1, count - 1)) for index in range(count)}
    return tuple(programs[index] for index in sorted(indices) if programs)


class Conformance:
    """The duties of a target for every program of the suite; `target` is its name."""

    target: ClassVar[str]
    # The number of accepted programs that run in each simulator; all unless a subclass says so.
    simulated: ClassVar[int | None] = None
    # The number of accepted programs that the controls tamper with.
    controlled: ClassVar[int] = 4

    @classmethod
    def chip(cls) -> Target:
        """Return the target, as it is installed."""
        return target(cls.target)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give each test its programs, and each test of a simulator its simulators."""
        names = metafunc.fixturenames
        if "refusable" in names:
            metafunc.parametrize("refusable", suite(self.target))
            return
        programs = accepted_programs(self.target)
        if "simulator" in names:
            # Without parameters, pytest would report a test that ran nothing.
            metafunc.parametrize("simulator", checks.judges(self.chip()) or ["none"])
            programs = _spread(programs, self.simulated or len(programs))
        if "program" in names:
            metafunc.parametrize("program", programs)
        if "controlled" in names:
            metafunc.parametrize("controlled", _spread(programs, self.controlled))

    def test_target_takes_something(self) -> None:
        """Check that a target accepts some program of the suite, or brings its own neurons."""
        assert accepted_programs(self.target), (
            "no program of the suite is taken: give the target `examples`"
        )
        assert self.chip().name == self.target

    def test_check(self, refusable: str, record_property: Record) -> None:
        """Check that a program is accepted, or refused with a node and a remedy."""
        case = suite(self.target)[refusable]
        checks.check_spikes(case)
        findings = checks.check_findings(self.chip(), case.program)
        refusals = checks.errors_in(findings)
        record_property("program", refusable)
        record_property("verdict", f"refused: {refusals[0]}" if refusals else "taken")

    def test_compile(self, program: str) -> None:
        """Check that compiling is deterministic."""
        checks.check_compiled(self.chip(), suite(self.target)[program].program)

    def test_read(self, program: str) -> None:
        """Check that the files contain the whole program."""
        checks.check_read(self.chip(), suite(self.target)[program].program)

    def test_folder(self, program: str, tmp_path: Path) -> None:
        """Check that what is written to the disk is read back, and verified."""
        checks.check_folder(self.chip(), suite(self.target)[program], tmp_path / "artifact")

    def test_simulator(
        self, program: str, simulator: str, tmp_path: Path, record_property: Record
    ) -> None:
        """Check that a simulator computes the program: every layer, step and state it shows."""
        chip, case = self.chip(), suite(self.target)[program]
        if not chip.simulators:
            pytest.skip(f"not run: {chip.name} has no simulator")
        record_property("program", program)
        record_property("simulator", simulator)
        reason = checks.check_simulator(chip, case, simulator, tmp_path / "artifact")
        if reason is not None:
            pytest.skip(reason)

    def test_unknown_simulator(self) -> None:
        """Check that a simulator of an unknown name is refused."""
        chip = self.chip()
        checks.check_unknown_simulator(chip, suite(self.target)[accepted_programs(self.target)[0]])

    @pytest.mark.parametrize("control", controls.CONTROLS)
    def test_control(self, controlled: str, control: str, tmp_path: Path) -> None:
        """Check that any tampering is found."""
        controls.CONTROLS[control](
            self.chip(), suite(self.target)[controlled], tmp_path / "artifact"
        )
