"""Proofs of an artifact, with the certificates beside its manifest."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace

from neurodeploy import target
from neurodeploy.artifact import Artifact, Folder
from neurodeploy.errors import ArtifactError, SimulatorError
from neurodeploy.graph import Graph
from neurodeploy.proof import (
    EVERY,
    Effort,
    Proof,
    Proofs,
    checked_again,
    proofs_of,
    require_solver,
    unproved,
    write_certificates,
)
from neurodeploy.report import Link, Report, Status
from neurodeploy.target import ShowsSteps, naming
from neurodeploy.verification import held_by

Place = str | os.PathLike[str]
_LINK = "program = steps"


def proved(
    artifact: Artifact | Place,
    *,
    timeout: float = 30.0,
    solver: str = "bitwuzla",
    progress: Callable[[str], None] | None = None,
) -> Proofs:
    """Return the proof of every layer's step, and store the certificates beside the manifest.

    An edited artifact is proved as it lies on the disk: its proof then finds what the edit changed.
    Each question gets `timeout` seconds.

    Raises:
        ArtifactError: if the artifact cannot be read, or holds a network in floats.
        SimulatorMissingError: if no solver is installed.
    """
    opened = artifact if isinstance(artifact, Artifact) else target.open_artifact(artifact)
    if isinstance(opened.files, Folder):
        opened = target.open_artifact(opened.path or "")
    effort = Effort(timeout, require_solver(solver), progress)
    with naming(opened):
        proofs = steps_proved(opened, effort)
    return write_certificates(opened, proofs)


def steps_proved(artifact: Artifact, effort: Effort) -> Proofs:
    """Return the proofs of an artifact's layers, or why a target gives none.

    Raises:
        ArtifactError: if the artifact cannot be read, or holds a network in floats.
    """
    chip = target.target(artifact.target)
    if not isinstance(chip, ShowsSteps):
        network = held_by(chip, artifact)
        if isinstance(network, Graph):
            raise ArtifactError(
                "holds a network in floats, which has no steps to prove",
                remedy="quantize the model and export it again",
            )
        return unproved(chip.name, network)
    return proofs_of(chip.name, chip.steps(artifact), effort)


def with_proofs(
    report: Report, artifact: Artifact, progress: Callable[[str], None] | None = None
) -> Report:
    """Return a report with the link to proofs, and for each layer whether its step is proved.

    Certificates beside the manifest are checked again: each must be a question that is proved now.

    Raises:
        ArtifactError: if the folder of certificates is damaged.
    """
    started = time.perf_counter()
    try:
        with naming(artifact):
            proofs = steps_proved(artifact, Effort(progress=progress))
    except ArtifactError as error:
        link = Link(_LINK, Status.NOT_RUN, reason=error.message, remedy=error.remedy)
        return replace(report, links=(*report.links, link))
    except SimulatorError as error:
        link = Link(_LINK, Status.NOT_RUN, reason=error.message, remedy=error.remedy, log=error.log)
        return replace(report, links=(*report.links, link))
    count, problem = checked_again(artifact, proofs)
    link = replace(_link(proofs, problem), seconds=time.perf_counter() - started)
    certificates = {"stored certificates": f"{count} checked again"} if count else {}
    samples = report.facts.get("samples", "").partition(" ")[0]
    layers = tuple(
        replace(layer, proof=_words(proofs.layers.get(layer.name), samples))
        for layer in report.layers
    )
    facts = {**report.facts, **certificates}
    return replace(report, links=(*report.links, link), layers=layers, facts=facts)


def _link(proofs: Proofs, problem: str | None) -> Link:
    count = sum(len(proof.certificates) for proof in proofs.values())
    if problem is not None:
        return Link(_LINK, Status.DIFFERS, count, reason=problem, remedy="neurodeploy prove")
    if proofs.proved:
        return Link(_LINK, Status.EQUAL, count)
    refuted = [proof.reason for proof in proofs.values() if proof.counterexample is not None]
    refuted += [each.sentence() for each in proofs.wrongly_late]
    reason = next(iter(refuted), None)
    if reason is not None:
        return Link(_LINK, Status.DIFFERS, count, reason=reason)
    wide = (name for name, each in proofs.sums.items() if not each.fits)
    unsettled = (f"{p.layer}: {p.reason}" for p in proofs.values() if p.reason)
    reason = next(unsettled, None) or f"{next(wide, 'a layer')}: is not proved"
    return Link(_LINK, Status.NOT_RUN, count, reason=reason, remedy="neurodeploy prove --timeout")


def _words(proof: Proof | None, samples: str) -> str:
    """Return what is shown of a layer's step, and for which states."""
    if proof is None or proof.status != "proved":
        return f"compared on {samples} samples"
    return "proved for all states" if proof.domain == EVERY else "proved for all it can reach"
