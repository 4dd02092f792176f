"""One assertion for a user's own tests: the chip computes what the network computes."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from neurodeploy.flow.inputs import LoadedModel
from neurodeploy.flow.lowered import Lowered, lowered_for
from neurodeploy.flow.pipeline import verified, write
from neurodeploy.flow.simulators import install_simulators
from neurodeploy.report import Report
from neurodeploy.report.write import write_report
from neurodeploy.target import target as find

_SILENT = "no neuron fired, and silence proves nothing: give samples that make the network fire"


def assert_parity(
    model: Any,
    *,
    target: str,
    samples: Any = None,
    simulator: str | None = None,
    installs: bool = False,
    report: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Report:
    """Export a network, verify its files, and fail unless every link is equal.

    The model is a network or the path of its file; samples are (T, N, ...), seeded random spikes
    without them. The target's default simulators run, or the one that is named. One that is
    missing fails the assertion, or is installed first with `installs`. A report is written to the
    folder `report`, if it is named. Options are the target's own.

    Raises:
        AssertionError: if a link differs, did not run, or saw no spike; its message is the report.
        NeurodeployError: if the network or the samples do not fit the target.
    """
    # pytest shows the line of the user's test, and none of these.
    __tracebackhide__ = True
    subject = _lowered(model, target, samples)
    if installs:
        install_simulators(find(target), simulator)
    with TemporaryDirectory(prefix="neurodeploy-parity-") as folder:
        artifact = write(subject, Path(folder) / target, options)
        result = verified(artifact, model=subject, samples=samples, simulator=simulator)
    page = None if report is None else write_report(result, report)
    if not result.equal:
        words = result.to_text() if not result.silent else f"{result.to_text()}\n{_SILENT}\n"
        where = "" if page is None else f"\nreport: {page}\n"
        raise AssertionError(f"{target} does not compute what was trained\n\n{words}{where}")
    return result


def _lowered(model: Any, target: str, samples: Any) -> Lowered:
    if isinstance(model, str | os.PathLike):
        from neurodeploy.frontend import load

        loaded = LoadedModel(load(model), model)
        return lowered_for(target, loaded.network, example=samples, model_file=model)
    return lowered_for(target, model, example=samples)
