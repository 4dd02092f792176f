"""A trial of every target with a small network, which reveals a broken installation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from neurodeploy.cli.undisturbed import load_torch

if TYPE_CHECKING:
    from neurodeploy.target import Target


def failures(targets: Mapping[str, Target]) -> Iterator[str]:
    """Yield a sentence for each target that cannot write or read a network that fits it."""
    load_torch()
    import torch

    import quant
    from neurodeploy.flow import pipeline
    from neurodeploy.target import Severity

    synapse = quant.Linear(2, 2)
    # The weights are not random: a chip's loader would change some, and its target refuses those.
    with torch.no_grad():
        synapse.weight.copy_(torch.eye(2))
    program = pipeline.lower(quant.Block(synapse, quant.CubaLIF()))
    for name, target in targets.items():
        try:
            if any(finding.severity == Severity.ERROR for finding in target.check(program)):
                # For a chip without dense layers the trial shows nothing.
                continue
            target.read(target.compile(program))
        # A package that is half installed may raise anything, and even exit.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            yield f"target {name} cannot write: {error or repr(error)}"
