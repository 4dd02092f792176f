"""The verifier: one order of links for integers and for floats."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.report import LayerSummary, Link, Report, Status
from neurodeploy.target import Simulation
from neurodeploy.trace import Trace, accuracy
from neurodeploy.verification.meaning import Meaning, meaning_of
from neurodeploy.verification.nodes import node_summaries
from neurodeploy.verification.simulated import Progress, RunOutcome, simulated
from neurodeploy.verification.structure import structure
from neurodeploy.verification.subject import Subject

# The number of samples that a report draws.
PICTURED = 4


def verify(
    subject: Subject,
    samples: Any,
    *,
    labels: NDArray[Any] | None = None,
    simulator: str | None = None,
    simulation: Simulation | None = None,
) -> Report:
    """Return a report with every link that the given parts allow, over samples (T, N, ...).

    Without an original, the network is the artifact's own, and the link to training is left out.
    The target's default simulators run unless one is named; "none" runs none, and "all" runs every
    simulator of the target that supports the network. With labels the report shows accuracies.

    Raises:
        SamplesError: if the samples do not fit the network.
    """
    chip, artifact, original = subject.chip, subject.artifact, subject.original
    how = simulation or Simulation()
    say = how.progress or (lambda _: None)
    # A target may count on it.
    how = replace(how, progress=say)
    meaning = meaning_of(subject.expected, samples)
    # Unsuitable samples are refused before anything runs.
    _ = meaning.inputs
    say(meaning.progress)
    started = time.perf_counter()
    _ = meaning.trace
    seconds = time.perf_counter() - started
    trained = _trained(original.module, meaning, say)
    fast = _fast(meaning, say)
    structured = structure(subject, meaning)
    judged = simulated(chip, artifact, meaning, simulator, how)
    return Report(
        title=f"{artifact.path or 'network'} on {artifact.target}",
        links=(trained.link, *fast, structured, *(each.link for each in judged)),
        layers=layer_summaries(meaning.layers, meaning.shown),
        network=node_summaries(meaning.network),
        facts=_facts(artifact, meaning, seconds) | _model(artifact, original.sha256),
        trace=pictured(meaning.shown),
        on_chip=meaning.on_chip(chip),
        accuracies=_accuracies(meaning, trained, judged, labels),
    )


def _trained(model: Any, meaning: Meaning, say: Progress) -> RunOutcome:
    name = f"training = {meaning.reference}"
    if model is None:
        link = Link(name, Status.NOT_RUN, reason="no model was given", remedy="--model")
        return RunOutcome(replace(link, requested=False))
    say("training forward")
    started = time.perf_counter()
    trace = meaning.trained(model)
    return RunOutcome(
        meaning.compare(name, trace, meaning.shown, time.perf_counter() - started), trace
    )


def _fast(meaning: Meaning, say: Progress) -> list[Link]:
    """Return the link to the fast engine, if such a network has one."""
    if not meaning.has_fast_engine:
        return []
    say("fast engine")
    started, name = time.perf_counter(), f"{meaning.reference} = fast"
    trace = meaning.fast()
    return [meaning.compare(name, meaning.trace, trace, time.perf_counter() - started)]


def _accuracies(
    meaning: Meaning, trained: RunOutcome, judged: list[RunOutcome], labels: NDArray[Any] | None
) -> dict[str, float]:
    """Return each stage's share of correct samples, or nothing if there are no labels."""
    if labels is None:
        return {}
    chip = next((outcome.trace for outcome in judged if outcome.trace is not None), None)
    traces = {meaning.accuracy: trained.trace or meaning.trace}
    traces |= {} if chip is None else {"chip": chip}
    return {name: accuracy(trace, labels) for name, trace in traces.items()}


def layer_summaries(layers: Iterable[tuple[str, str]], shown: Trace) -> tuple[LayerSummary, ...]:
    """Return the activity of layers, given their names and kinds."""
    return tuple(LayerSummary.of(name, kind, shown[name]) for name, kind in layers)


def _facts(artifact: Artifact, meaning: Meaning, seconds: float) -> dict[str, str]:
    steps, count = meaning.inputs.shape[:2]
    facts = {
        "target": artifact.target,
        "artifact": str(artifact.path) if artifact.path else "in memory",
        **meaning.facts(),
        "samples": f"{count} of {steps} steps, input {tuple(meaning.inputs.shape[2:])}",
        "weights": str(meaning.network.parameter_count()),
        meaning.progress: f"{seconds:.2f} s",
    }
    return facts | dict(artifact.tools)


def _model(artifact: Artifact, digest: str | None) -> dict[str, str]:
    """Return the file that the artifact was exported from, and whether it is the given one."""
    recorded = artifact.model_sha256
    if digest is None or recorded == digest:
        return {"model": recorded or digest or "not recorded"}
    return {"model": digest, "exported from": f"{recorded or 'not recorded'}, another file"}


def pictured(trace: Trace) -> Trace:
    """Return the part of a trace that a report draws."""
    layers = {
        name: replace(
            trace[name],
            values={key: value[:, :PICTURED] for key, value in trace[name].values.items()},
        )
        for name in trace
    }
    return replace(trace, layers=layers)
