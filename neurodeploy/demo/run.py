"""The whole path on embedded data: train, quantize, export, simulate, verify, report."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from neurodeploy.demo.digits import Digits, load_digits
from neurodeploy.demo.training import (
    float_network,
    quantized_network,
    test_accuracy,
    train,
)
from neurodeploy.errors import DoesNotFitError, SimulatorError, SimulatorMissingError
from neurodeploy.flow import pipeline
from neurodeploy.flow.simulators import install_simulators
from neurodeploy.frontend import save
from neurodeploy.report import Report
from neurodeploy.report.write import write_report
from neurodeploy.sandbox import Environment, install
from neurodeploy.target import RunsSlowly, Simulation, Target, target, targets
from quant.grid.registry import catalogue, chip_format, format_or_default
from snncore.kernels.cpp.build import compiler

Progress = Callable[[str], None]
_FLOAT_EPOCHS, _QUANTIZED_EPOCHS = 25, 10


def run_demo(names: Sequence[str], out: Path, progress: Progress) -> Report:
    """Train, quantize, export to each target, verify every test sample, and write the report.

    A missing simulator is installed; if that is impossible, its link is `not run`.

    Raises:
        UnknownNameError: if a target is not installed.
        DoesNotFitError: if a target has no neurons that leak and fire.
        OutputError: if `out` cannot be written.
    """
    chips = [target(name) for name in names]
    _require_leaks(chips)
    torch.manual_seed(0)
    progress("loading scikit-learn's digits")
    digits = load_digits()
    floats = float_network()
    if compiler() is None:
        progress("no C++ compiler (g++, clang++ or ziglang) was found: training takes minutes")
    progress("training in floats")
    train(floats, digits, _FLOAT_EPOCHS, 5e-3, progress)
    grids = dict.fromkeys(_grid(chip) for chip in chips)
    models = {form: _trained(floats, form, digits, progress) for form in grids}
    # The first target's model gets the plain name.
    files = {form: out / f"model-{form}.pt" for form in models} | {
        _grid(chips[0]): out / "model.pt"
    }
    for form, network in models.items():
        save(network, files[form], example=digits.test)
    float_accuracy = test_accuracy(floats, digits.test, digits.test_labels)
    reports = [
        _proved(chip, models[_grid(chip)], files[_grid(chip)], digits, out, progress)
        for chip in chips
    ]
    report = reports[0] if len(reports) == 1 else _joined(reports)
    report = replace(report, accuracies={"float": float_accuracy, **report.accuracies})
    write_report(report, out)
    return report


def usual_targets(progress: Progress) -> list[str]:
    """Return the targets of a demo that names none: all that take its neurons, the default first.

    A target whose simulators need programs of a system that has none of them is left out, with a
    word: a first look must not end at a package that only the machine's owner can install.
    """
    first = format_or_default(None).name
    chips = sorted(targets().items(), key=lambda item: item[0] != first)
    return [name for name, chip in chips if _takes_leaks(chip) and _runs_here(chip, progress)]


def _require_leaks(chips: Sequence[Target]) -> None:
    for chip in chips:
        if not _takes_leaks(chip):
            raise DoesNotFitError(
                f"{chip.name} has neurons of its own alone, and the demo's leak and fire",
                remedy=f"name another target; the page on {chip.name} has a network for it",
            )


def _takes_leaks(chip: Target) -> bool:
    """Return whether a target has neurons that integrate, leak and fire."""
    return not {"LIF", "CubaLIF"}.isdisjoint(chip_format(_grid(chip)).neurons)


def _runs_here(chip: Target, progress: Progress) -> bool:
    for each in chip.simulators.values():
        if isinstance(each, Environment) and each.system:
            try:
                install(each, progress=progress)
            except SimulatorMissingError as error:
                progress(f"{chip.name} is left out: {error}")
                return False
    return True


def _grid(chip: Target) -> str:
    """Return the format that a target's network is trained in: its own, or the default."""
    names = (form.name for form in catalogue().formats(chip.name))
    return chip.name if chip.name in names else format_or_default(None).name


def _trained(
    floats: torch.nn.Sequential, form: str, digits: Digits, progress: Progress
) -> torch.nn.Sequential:
    network = quantized_network(floats, form)
    progress(f"training on the chip's integers: {form}")
    train(network, digits, _QUANTIZED_EPOCHS, 2e-3, progress)
    return network


def _proved(
    chip: Target,
    network: torch.nn.Module,
    model: Path,
    digits: Digits,
    out: Path,
    progress: Progress,
) -> Report:
    progress(f"exporting to {chip.name}")
    artifact = pipeline.export(
        network,
        target=chip.name,
        path=out / chip.name,
        example=digits.test,
        model_file=model,
    )
    try:
        install_simulators(chip, None, progress)
    except SimulatorError as error:
        # The report says that this link was not run, and why.
        progress(f"{error.message}; this link will not be run ({error.remedy})")
    count = chip.demo_samples if isinstance(chip, RunsSlowly) else len(digits.test_labels)
    return pipeline.verified(
        artifact,
        model=network,
        samples=digits.test[:, :count].numpy(),
        labels=digits.test_labels[:count].numpy(),
        simulation=Simulation(jobs=max(1, min(4, os.cpu_count() or 1))),
        progress=progress,
    )


def _joined(reports: Sequence[Report]) -> Report:
    """Return one report on several targets, with the target's name in each link."""
    links = [
        replace(link, name=f"{report.facts['target']}: {link.name}")
        for report in reports
        for link in report.links
    ]
    return replace(reports[0], title="demo on several targets", links=tuple(links))
