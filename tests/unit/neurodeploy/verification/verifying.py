"""Verification as most tests call it: an artifact, and what was given with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neurodeploy import verification
from neurodeploy.artifact import Artifact
from neurodeploy.report import Report
from neurodeploy.target import Simulation


def verify(
    artifact: Artifact,
    samples: Any,
    *,
    model: Any = None,
    program: Any = None,
    progress: Callable[[str], None] | None = None,
    **options: Any,
) -> Report:
    """Return the report on an artifact; a model and its program are its original."""
    subject = verification.subject_of(artifact, verification.Original(model, program))
    how = Simulation(progress=progress)
    return verification.verify(subject, samples, simulation=how, **options)
