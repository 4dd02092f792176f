"""The way from a network to its artifact and its proof: what the command line and scripts call."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import float_verification, lowering, simulator, target, verification
from neurodeploy.artifact import Artifact
from neurodeploy.errors import DoesNotFitError, UnknownNameError
from neurodeploy.files import digest_of
from neurodeploy.graph import Graph
from neurodeploy.program import Program
from neurodeploy.report import Report
from neurodeploy.samples_file import read_samples as read_samples
from neurodeploy.simulator.floats import checked_floats, run_floats
from neurodeploy.simulator.samples import checked_samples
from neurodeploy.target import (
    Finding,
    Simulation,
    TakesFloats,
    Target,
    naming,
    random_samples,
    require_fits,
)
from neurodeploy.trace import Trace

Place = str | os.PathLike[str]
# Steps, samples, rate and seed of samples that nobody gave.
DEFAULT_RANDOM = (16, 8, 0.3, 0)


def lower(network: Any, *, example: Any = None, target: str | None = None) -> Program:
    """The integer program of a torch network, and whether it fits a target if one is named.

    Raises:
        UnsupportedLayerError: if a layer has no place in a graph.
        DoesNotFitError: if a layer is not quantized, or the target cannot take the program.
    """
    # torch is imported only where a torch network is given.
    from neurodeploy.frontend import graph_of

    program = lowering.lower(graph_of(network, example=example))
    if target is not None:
        check(program, target)
    return program


def prepared(network: Any, *, example: Any = None, target: str) -> Program | Graph:
    """What of a torch network a target takes: its program, or its graph where it is in floats.

    Raises:
        UnsupportedLayerError: if a layer has no place in a graph.
        DoesNotFitError: if a layer is not quantized, and the target takes no floats.
    """
    from neurodeploy.frontend import graph_of
    from neurodeploy.target import target as find

    graph = graph_of(network, example=example)
    if lowering.in_floats(graph) and isinstance(find(target), TakesFloats):
        return graph
    return lowering.lower(graph)


def check(program: Program | Graph, name: str) -> tuple[Finding, ...]:
    """What a target has to say of a program, or a graph in floats, that it takes.

    Raises:
        DoesNotFitError: if it cannot take it; lists why, with remedies.
    """
    chip = target.target(name)
    if isinstance(program, Graph):
        findings = _float_target(chip).check_graph(program)
    else:
        findings = chip.check(program)
    require_fits(name, findings)
    return findings


def export(
    network: Any,
    *,
    target: str,
    path: Place,
    example: Any = None,
    model_file: Place | None = None,
    **options: Any,
) -> Artifact:
    """The network's artifact for a target, written to a folder whole or not at all.

    Options are the target's own, such as `form="step"` for ONNX.

    Raises:
        DoesNotFitError: if the target cannot take the network.
        ValidationError: if the target has no such option.
        OutputError: if the folder cannot be written.
    """
    program = prepared(network, example=example, target=target)
    return write(program, target=target, path=path, model_file=model_file, **options)


def write(
    program: Program | Graph,
    *,
    target: str,
    path: Place,
    model_file: Place | None = None,
    **options: Any,
) -> Artifact:
    """The program's artifact for a target, written to a folder whole or not at all.

    Raises:
        DoesNotFitError: if the target cannot take the program.
        ValidationError: if the target has no such option.
        OutputError: if the folder cannot be written.
    """
    artifact = compiled(program, target=target, **options)
    if model_file is not None:
        artifact = replace(artifact, model_sha256=digest_of(Path(model_file)))
    return artifact.write(path)


def compiled(program: Program | Graph, *, target: str, **options: Any) -> Artifact:
    """The program's artifact for a target, in memory.

    Raises:
        DoesNotFitError: if the target cannot take the program.
        ValidationError: if the target has no such option.
    """
    from neurodeploy.target import checked_options
    from neurodeploy.target import target as find

    chip = find(target)
    given = checked_options(chip, options)
    if isinstance(program, Graph):
        return _float_target(chip).compile_graph(program, **given)
    return chip.compile(program, **given)


def read(artifact: Artifact | Place) -> Program | Graph:
    """The program that an artifact, or a vendor's bare file, holds; its graph if it is in floats.

    Raises:
        ArtifactError: if it cannot be read, or was edited since it was exported.
    """
    opened = artifact if isinstance(artifact, Artifact) else target.open_artifact(artifact)
    opened.require_unedited()
    with naming(opened):
        chip = target.target(opened.target)
        if isinstance(chip, TakesFloats) and chip.holds_floats(opened):
            return chip.read_graph(opened)
        return chip.read(opened)


def simulate(program: Program | Graph, samples: Any, engine: str = "golden") -> Trace:
    """The trace of samples (T, N, ...) by the golden interpreter or the fast engine.

    A graph in floats has one engine, in double precision.

    Raises:
        UnknownNameError: if there is no such engine.
    """
    if isinstance(program, Graph):
        if engine != "golden":
            raise UnknownNameError(f"floats are run by golden or a simulator, not by {engine}")
        return run_floats(program, samples)
    return simulator.simulate(program, samples, engine)


def run_simulator(artifact: Artifact, samples: Any, name: str, simulation: Simulation) -> Trace:
    """The trace of samples (T, N, ...) by a vendor's simulator."""
    chip, held = target.target(artifact.target), read(artifact)
    inputs: NDArray[Any]
    if isinstance(held, Graph):
        inputs = checked_floats(held, samples)
    else:
        inputs = checked_samples(held, samples)
    return chip.simulate(artifact, inputs, simulator=name, simulation=simulation)


def verified(
    artifact: Artifact | Place,
    *,
    model: Any = None,
    samples: Any = None,
    labels: NDArray[Any] | None = None,
    random: tuple[int, int, float, int] | None = None,
    simulator: str | None = None,
    simulation: Simulation | None = None,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """The report on an artifact, over samples (T, N, ...) or seeded random ones.

    Raises:
        SamplesError: if the samples do not fit the network.
        ArtifactError: if the artifact cannot be read.
    """
    opened = artifact if isinstance(artifact, Artifact) else target.open_artifact(artifact)
    chip = target.target(opened.target)
    if isinstance(model, str | os.PathLike):
        from neurodeploy.frontend import load

        model = load(model)
    if isinstance(chip, TakesFloats) and chip.holds_floats(opened):
        how = replace(simulation or Simulation(), progress=progress)
        given = samples if samples is not None else _random_floats(chip, opened, random)
        asked = {"labels": labels, "model": model, "simulator": simulator, "simulation": how}
        return _verified_floats(chip, opened, given, asked)
    with naming(opened):
        held = chip.read(opened)
    program = None
    if model is not None:
        from neurodeploy.frontend import graph_of

        program = lowering.lower(graph_of(model, shape=held.input.shape))
    if samples is None:
        steps, count, rate, seed = random or DEFAULT_RANDOM
        samples = random_samples(program or held, steps, count, rate, seed)
    return verification.verify(
        opened,
        samples,
        labels=labels,
        model=model,
        program=program,
        held=held,
        simulator=simulator,
        simulation=simulation,
        progress=progress,
    )


def _verified_floats(
    chip: Target, artifact: Artifact, samples: Any, asked: dict[str, Any]
) -> Report:
    graph = None
    if asked["model"] is not None:
        from neurodeploy.frontend import graph_of

        graph = graph_of(asked["model"], shape=tuple(samples.shape[2:]))
    return float_verification.verify_floats(chip, artifact, samples, graph=graph, **asked)


def _random_floats(
    chip: TakesFloats, artifact: Artifact, random: tuple[int, int, float, int] | None
) -> NDArray[np.float64]:
    """Seeded spikes for a network in floats."""
    steps, count, rate, seed = random or DEFAULT_RANDOM
    shape = (steps, count, *chip.read_graph(artifact).input.shape)
    return (np.random.default_rng(seed).random(shape) < rate).astype(np.float64)


def _float_target(chip: Target) -> TakesFloats:
    """The target, which takes networks in floats.

    Raises:
        DoesNotFitError: if it does not.
    """
    if isinstance(chip, TakesFloats):
        return chip
    raise DoesNotFitError(
        f"{chip.name} takes no network in floats", remedy="quantize it (quant.prepare)"
    )
