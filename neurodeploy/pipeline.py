"""The way from a network to its artifact and its proof: what the command line and scripts call."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import lowering, simulator, target, verification
from neurodeploy.artifact import Artifact
from neurodeploy.errors import SamplesError
from neurodeploy.program import Program
from neurodeploy.report import Report
from neurodeploy.simulator.samples import checked_samples
from neurodeploy.target import Finding, Simulation, random_samples, require_fits
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


def check(program: Program, name: str) -> tuple[Finding, ...]:
    """What a target has to say of a program that it takes.

    Raises:
        DoesNotFitError: if it cannot take it; lists why, with remedies.
    """
    findings = target.target(name).check(program)
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
    program = lower(network, example=example)
    return write(program, target=target, path=path, model_file=model_file, **options)


def write(
    program: Program,
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
    from neurodeploy.target import checked_options
    from neurodeploy.target import target as find

    chip = find(target)
    compiled = chip.compile(program, **checked_options(chip, options))
    if model_file is not None:
        compiled = replace(compiled, model_sha256=sha256(Path(model_file).read_bytes()).hexdigest())
    return compiled.write(path)


def read(artifact: Artifact | Place) -> Program:
    """The program that an artifact, or a vendor's bare file, holds.

    Raises:
        ArtifactError: if it cannot be read, or was edited since it was exported.
    """
    opened = artifact if isinstance(artifact, Artifact) else target.open_artifact(artifact)
    opened.require_unedited()
    return target.target(opened.target).read(opened)


def simulate(program: Program, samples: Any, engine: str = "golden") -> Trace:
    """The trace of samples (T, N, ...) by the golden interpreter or the fast engine."""
    return simulator.simulate(program, samples, engine)


def run_simulator(artifact: Artifact, samples: Any, name: str, simulation: Simulation) -> Trace:
    """The trace of samples (T, N, ...) by a vendor's simulator."""
    chip = target.target(artifact.target)
    inputs = checked_samples(chip.read(artifact), samples)
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
    held = target.target(opened.target).read(opened)
    if isinstance(model, str | os.PathLike):
        from neurodeploy.frontend import load

        model = load(model)
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
        simulator=simulator,
        simulation=simulation,
        progress=progress,
    )


def read_samples(path: Place) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Samples (T, N, ...) and labels, if there are any, from an .npz or .npy file.

    Raises:
        SamplesError: if the file is missing, damaged, or holds no samples.
    """
    place = Path(path)
    if not place.is_file():
        what = "is no file" if place.exists() else "there is no such file"
        raise SamplesError(f"{place}: {what}")
    try:
        arrays = _arrays(place)
    except MemoryError:
        raise
    # NumPy raises a dozen kinds of exception over damaged files.
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if "allow_pickle" in reason:
            reason = "it is not in NumPy's format, or holds Python objects, which are never read"
        raise SamplesError(f"{place}: is no .npz or .npy of numbers: {reason[:200]}") from error
    if "samples" not in arrays:
        raise SamplesError(
            f"{place}: has no array called samples", remedy="numpy.savez(file, samples=...)"
        )
    samples, labels = arrays["samples"], arrays.get("labels")
    if labels is not None:
        whole, count = labels.dtype.kind in "biu", samples.shape[1:2]
        if labels.shape != count or not whole:
            given = f"{labels.dtype} {labels.shape}"
            raise SamplesError(f"{place}: labels are {given}, not whole numbers {count}")
    return samples, labels


def _arrays(place: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz that are asked for, or the one of an .npy as samples."""
    with place.open("rb") as file:
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"samples": loaded}
        with loaded:
            return {key: loaded[key] for key in ("samples", "labels") if key in loaded}
