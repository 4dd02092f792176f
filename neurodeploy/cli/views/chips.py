"""A program on the chips of targets that describe them: tables, a map of cores, an estimate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurodeploy.cli.outcome import Block, Line, Table, Tone, title

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodeploy.chips.resources import OnChip, Placement
    from neurodeploy.program import Program
    from neurodeploy.report.on_chip import TableData


def chips_of(programs: Mapping[str, Program], samples: NDArray[Any] | None) -> dict[str, OnChip]:
    """Return the program of each named target, or board, on its chips, if it describes them."""
    from neurodeploy.chips.operations import fired, operations
    from neurodeploy.simulator import run_golden
    from neurodeploy.simulator.samples import checked_samples
    from neurodeploy.target import KnowsChips, board, on_chip, targets
    from neurodeploy.verification.neurobench import neurobench

    chips: dict[str, OnChip] = {}
    for name, program in programs.items():
        chip = targets().get(name) or board(name)
        if not isinstance(chip, KnowsChips):
            continue
        if samples is None:
            chips[name] = on_chip(chip, program)
            continue
        inputs = checked_samples(program, samples)
        run = (program, run_golden(program, inputs), inputs)
        chips[name] = on_chip(chip, program, operations(*run), neurobench(*run), fired(*run))
    return chips


def chip_blocks(chip: OnChip) -> list[Block]:
    """Return the same in words, tables and a map."""
    from neurodeploy.report.on_chip import estimate_lines, metric_table, operation_table

    blocks = [block for placed in chip.placements for block in _placement(placed)]
    if chip.operations:
        blocks += [*title("operations for one sample"), _table(operation_table(chip.operations))]
    if chip.metrics is not None:
        blocks += [Line(""), _table(metric_table(chip.metrics))]
    blocks += [Line(line, Tone.ASIDE) for line in estimate_lines(chip)]
    return blocks


def _placement(placed: Placement) -> list[Block]:
    from neurodeploy.report.on_chip import (
        chip_table,
        core_map,
        core_table,
        headline,
        layer_table,
        spread_lines,
    )

    blocks: list[Block] = [*title(headline(placed)), _table(layer_table(placed))]
    if placed.spread is not None:
        blocks += [Line(""), *(Line(f"  {line}") for line in spread_lines(placed)), Line("")]
        blocks.append(_table(chip_table(placed)))
    elif placed.cores:
        blocks += [Line(""), *(Line(f"  {line}") for line in core_map(placed)), Line("")]
    if placed.cores:
        blocks.append(_table(core_table(placed)))
    return blocks + [Line(f"note: {note}", Tone.ASIDE) for note in placed.notes]


def _table(data: TableData) -> Table:
    return Table(data.headings, data.rows, data.numbers)
