"""An artifact on a programmable part: cells, clock and latency, as the part's tools report them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from neurodeploy.cli.outcome import Block, Line, Outcome, Table, Tone

if TYPE_CHECKING:
    from neurodeploy.artifact import Artifact
    from neurodeploy.chips.resources import Synthesis

ONLY_VERILOG = "export it with --target rtl, and name the folder"
_HEADINGS = ("resource", "used", "there are", "share")


def synthesized(
    artifact: Artifact, part: str, head: dict[str, Any], say: Callable[[str], None]
) -> Outcome:
    """Return an artifact on a part.

    Raises:
        ValidationError: if its target is not synthesized.
        SimulatorError: if the tools are missing, or fail.
    """
    from neurodeploy.errors import ValidationError
    from neurodeploy.target import Synthesizes, target

    chip = target(artifact.target)
    if not isinstance(chip, Synthesizes):
        raise ValidationError(f"{artifact.target} has no synthesis", remedy=ONLY_VERILOG)
    synthesis = chip.synthesis(artifact, part, say)
    document = asdict(synthesis) | {
        "cycles_a_step": synthesis.cycles_a_step,
        "us_a_step": synthesis.microseconds(1),
    }
    return Outcome(head | {"synthesis": document}, _blocks(head["path"], synthesis))


def _blocks(path: str, synthesis: Synthesis) -> list[Block]:
    rows = [
        (use.what, f"{use.used:,}", f"{use.limit or 0:,}", f"{use.share:.0%}")
        for use in synthesis.uses
    ]
    blocks: list[Block] = [
        Line(f"{path} on {synthesis.title}", Tone.TITLE),
        Table(_HEADINGS, rows, frozenset(_HEADINGS[1:])),
        Line(""),
    ]
    if synthesis.problem:
        blocks.append(Line(f"does not fit: it takes {synthesis.problem}", Tone.BAD))
    if synthesis.clock_mhz is not None:
        blocks.append(Line(f"clock: {synthesis.clock_mhz:.1f} MHz at most", Tone.GOOD))
    blocks += _latency(synthesis)
    return [*blocks, Line(f"note: by {', '.join(synthesis.tools)}", Tone.ASIDE)]


def _latency(synthesis: Synthesis) -> list[Block]:
    """Return the cycles and the time of a step, and of an inference of the counted steps."""
    if not synthesis.cycles:
        words = "note: cycles are counted by Icarus (neurodeploy simulators install icarus)"
        return [Line(words, Tone.DOUBTFUL)]
    steps = len(synthesis.cycles)
    counted = f"{synthesis.cycles_a_step:,.0f} cycles a step, at most {max(synthesis.cycles):,}"
    lines: list[Block] = [Line(f"latency: {counted}, in {steps} steps of golden vectors")]
    step, whole = synthesis.microseconds(1), synthesis.microseconds(steps)
    if step is not None and whole is not None:
        words = f"{step:,.1f} us a step; an inference of {steps} steps {whole:,.0f} us"
        lines.append(Line(f"at this clock: {words}"))
    return lines
