"""An artifact on an emulated processor: memory and instructions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from neurodeploy.cli.outcome import Line, Outcome, Tone

if TYPE_CHECKING:
    from neurodeploy.artifact import Artifact

ONLY_C = "export it with --target c, and name the folder"


def emulated(
    artifact: Artifact, processor: str, head: dict[str, Any], say: Callable[[str], None]
) -> Outcome:
    """Return what an artifact takes of an emulated processor.

    Raises:
        ValidationError: if its target is not text for processors.
        SimulatorError: if the emulator is missing, or fails.
    """
    from neurodeploy.errors import ValidationError
    from neurodeploy.target import Emulates, target

    chip = target(artifact.target)
    if not isinstance(chip, Emulates):
        raise ValidationError(f"{artifact.target} runs on no emulated processor", remedy=ONLY_C)
    each = chip.emulation(artifact, processor, say)
    document = asdict(each) | {"instructions_a_step": each.instructions_a_step}
    memory = f"flash {each.flash:,} B, RAM {each.ram:,} B, stack {each.stack:,} B"
    blocks = (
        Line(f"{head['path']} on an emulated {each.title}", Tone.TITLE),
        Line(memory),
        Line(f"{each.instructions_a_step:,.0f} instructions a step, in {each.steps} steps"),
        Line(f"note: by {', '.join(each.tools)}; an emulator counts no cycles", Tone.ASIDE),
    )
    return Outcome(head | {"emulation": document}, blocks)
