"""The way of a foreign network to a chip: its weights, its conversion, its artifact, its proof."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import target as targets
from neurodeploy.artifact import Artifact
from neurodeploy.errors import ModelFileError, SamplesError
from neurodeploy.flow import pipeline
from neurodeploy.report import Report
from neurodeploy.target import Finding

if TYPE_CHECKING:
    from neurodeploy.frontend.foreign.report import Conversion
    from neurodeploy.frontend.weights import Matching

Place = str | os.PathLike[str]


@dataclass(frozen=True)
class ModuleSource:
    """A user's module: the function that builds it, and the file of its weights."""

    build: str
    weights: Place
    # A file of names, where those of the weights differ; or a word that the order is right.
    names: Place | None = None
    confirmed: bool = False
    output: int = 0


@dataclass(frozen=True)
class Carried:
    """A network on a chip: its artifact, the report on it, and the accuracies on the way.

    The findings are what the target's check warned of.
    """

    artifact: Artifact
    report: Report
    accuracies: dict[str, float]
    findings: tuple[Finding, ...]


def converted_module(
    source: ModuleSource, samples: NDArray[Any] | None = None
) -> tuple[Conversion, Matching]:
    """Return a user's module with its weights as a network of ours, and how they were matched.

    Samples are as the module is called with them; without them it is run on the example that the
    function returns beside it.

    Raises:
        ModelFileError: if the module cannot be built, or the weights are not its own, or their
            names differ and nobody confirmed the order.
        UnsupportedLayerError: if the module cannot be converted.
        SamplesError: if there is nothing to run it on.
    """
    # torch is imported only if a module is converted.
    import torch

    from neurodeploy.frontend.foreign.convert import converted, unwrapped
    from neurodeploy.frontend.weights import matched, read_mapping, read_weights
    from neurodeploy.frontend.weights.build import built

    module, example = built(source.build)
    module = unwrapped(module)
    tensors = read_weights(source.weights)
    names = None if source.names is None else read_mapping(source.names)
    matching = matched(tensors, module, names)
    if matching.renamed and not source.confirmed:
        raise ModelFileError(
            f"{source.weights}: its names are not the module's: {'; '.join(matching.sentences())}",
            remedy="check them and add --yes, or give the names with --map FILE",
        )
    matching.fill(module, tensors)
    if samples is not None:
        example = torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32))
    if example is None:
        raise SamplesError(
            "a module is converted by running it, and there is nothing to run it on",
            remedy="give --samples FILE, or let the function return the module and an example",
        )
    return converted(module, example, output=source.output, strict=False), matching


def require_inputs(network: Any, samples: NDArray[Any] | None, labels: NDArray[Any] | None) -> None:
    """Check that a network takes the samples (T, N, ...), and that each has one of the labels.

    Raises:
        SamplesError: if their shape is another, a value is NaN, or there are more or fewer labels.
    """
    from neurodeploy.frontend.checkpoint import input_shape

    if samples is None:
        return
    expected = input_shape(network)
    if samples.ndim < 3 or (expected is not None and samples.shape[2:] != expected):
        words = ", ".join(map(str, ("T", "N", *(expected or ("...",)))))
        raise SamplesError(
            f"samples are {samples.shape}, but the network takes ({words})",
            remedy="give samples of that shape: time first, then the batch",
        )
    if 0 in samples.shape or not np.isfinite(samples).all():
        reason = "samples are empty" if 0 in samples.shape else "a sample is NaN or infinite"
        raise SamplesError(reason, remedy="give finite numbers, as the network was trained on")
    if labels is not None and len(labels) != samples.shape[1]:
        raise SamplesError(
            f"there are {len(labels)} labels for {samples.shape[1]} samples",
            remedy="give one whole number for each sample, or leave them out",
        )


def source_accuracies(conversion: Conversion, labels: NDArray[Any] | None) -> dict[str, float]:
    """Return the accuracy of what the foreign network returned on the samples."""
    returned = conversion.returned
    if labels is None or returned is None:
        return {}
    counts = returned if returned.ndim == 2 else returned.sum(0)
    right = counts.flatten(1).argmax(1).numpy() == labels
    return {"source": float(right.mean())}


def carried(
    network: Any,
    *,
    target: str,
    samples: NDArray[Any],
    labels: NDArray[Any] | None,
    folder: Place,
    simulator: str | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> Carried:
    """Return a network quantized, exported to a folder and verified, for samples (T, N, ...).

    One that is on a chip's grid already is exported as it is.

    Raises:
        UnsupportedLayerError: if the target's grid cannot hold a layer.
        DoesNotFitError: if the target cannot accept the result.
    """
    from neurodeploy.flow.post_training import accuracy_of, is_on_grid, quantized
    from neurodeploy.frontend import graph_of

    accuracies: dict[str, float] = {}
    if is_on_grid(network):
        # Slayer trains in a chip's integers.
        if labels is not None:
            accuracies = {"quantized": accuracy_of(network, samples, labels)}
        chip = targets.target(target)
        findings = chip.check(targets.lowered(graph_of(network, example=samples), chip))
    else:
        progress(f"quantizing for {target}")
        options: dict[str, Any] = {"target": target, "progress": progress}
        result = quantized(network, samples=samples, labels=labels, **options)
        network, accuracies, findings = result.network, result.accuracies, result.findings
    progress(f"writing {folder}")
    artifact = pipeline.export(network, target=target, path=folder, example=samples)
    report = pipeline.verified(
        artifact,
        model=network,
        samples=samples,
        labels=labels,
        simulator=simulator,
        progress=progress,
    )
    return Carried(artifact, report, accuracies | dict(report.accuracies), tuple(findings))
