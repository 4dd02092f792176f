"""The conversion of a module, as a document and as words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodeploy.cli.outcome import BLANK, Block, Line, Outcome, Table, Tone, title
from neurodeploy.cli.views import findings as findings_view
from neurodeploy.cli.views import report as report_view

if TYPE_CHECKING:
    from neurodeploy.flow.foreign import Carried
    from neurodeploy.frontend.foreign.report import Conversion
    from neurodeploy.frontend.weights import Matching


def is_equal(conversion: Conversion) -> bool:
    """Return whether the converted network computed what the foreign one does."""
    return conversion.agreement is not None and conversion.agreement.equal


def outcome(
    conversion: Conversion,
    matching: Matching,
    written: Path | None,
    accuracies: dict[str, float],
    carried: Carried | None,
) -> Outcome:
    """Return the report on a module's conversion, and on its artifact if it has one."""
    document: dict[str, Any] = conversion.as_data() | {
        "model": None if written is None else str(written),
        "renamed": [list(pair) for pair in matching.renamed],
        "unused": list(matching.unused),
        "accuracies": accuracies,
    }
    result = with_artifact(document, _blocks(conversion, matching, written), accuracies, carried)
    return replace(result, exit_code=1) if written is None else result


def with_artifact(
    document: dict[str, Any],
    blocks: list[Block],
    accuracies: dict[str, float],
    carried: Carried | None,
) -> Outcome:
    """Return a conversion's outcome with the accuracies on the way, and the artifact's report."""
    if carried is None:
        return Outcome(document, [*blocks, *_scores(accuracies)])
    accuracies = accuracies | carried.accuracies
    blocks = [*blocks, *findings_view.as_lines(carried.findings), *_scores(accuracies)]
    document = document | {
        "findings": findings_view.as_data(carried.findings),
        "accuracies": accuracies,
        "artifact": str(carried.artifact.path),
        "verification": report_view.as_data(carried.report),
    }
    blocks += [BLANK, *report_view.as_lines(carried.report)]
    return Outcome(document, blocks, carried.report.exit_code)


def _blocks(conversion: Conversion, matching: Matching, written: Path | None) -> list[Block]:
    rows = [(b.source, b.source_kind, b.layer, b.kind, b.note) for b in conversion.became]
    agreement = conversion.agreement
    said = "" if agreement is None else agreement.sentence()
    first = f"nothing was written: it {said}" if written is None else f"converted {written}: {said}"
    return [
        Line(first, Tone.BAD if written is None else Tone.GOOD),
        Table(("module", "kind", "layer", "became", "note"), rows),
        *(Line(words) for words in matching.sentences()),
        *(title("left out") if conversion.left_out else ()),
        *(Line(words, Tone.DOUBTFUL) for words in conversion.left_out),
        *title("how it was read"),
        *(Line(words) for words in conversion.notes),
    ]


def _scores(accuracies: dict[str, float]) -> list[Block]:
    lines = [Line(f"accuracy of {name}: {value:.2%}") for name, value in accuracies.items()]
    return [BLANK, *lines] if lines else []
