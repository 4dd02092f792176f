"""Proofs on the terminal: a line for each layer, its counterexample or its reason below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from neurodeploy.cli.outcome import BLANK, Block, Line, Table, Tone

if TYPE_CHECKING:
    from neurodeploy.proof import Proofs

_NOT_PROVED = 4
_REMEDY = "Give the solver more time with --timeout, or try --solver z3."


def as_blocks(proofs: Proofs) -> list[Block]:
    """Return the proofs in words, the verdict first."""
    rows = [
        (
            proof.layer,
            proof.neuron,
            proof.status.value,
            proof.domain or "-",
            ", ".join(proof.methods) or "-",
            f"{proof.seconds:.2f} s",
        )
        for proof in proofs.values()
    ]
    headings = ("layer", "neurons", "step", "for", "by", "time")
    blocks: list[Block] = [_verdict(proofs), Table(headings, rows, frozenset({"time"}))]
    if proofs.sums:
        sums = [
            (name, f"{s.largest:,}", f"{s.limit:,}", s.arithmetic, "fits" if s.fits else "may not")
            for name, s in proofs.sums.items()
        ]
        names = ("weights", "largest sum", "limit", "arithmetic", "for any input")
        blocks += [BLANK, Table(names, sums, frozenset({"largest sum", "limit"}))]
    if proofs.late and not proofs.wrongly_late:
        words = "Every value that is read late comes as many steps late as in the program."
        blocks += [BLANK, Line(words)]
    return [*blocks, *_reasons(proofs)]


def exit_code(proofs: Proofs) -> int:
    """Return 0 if everything is proved, 1 if something is refuted, else 4."""
    if proofs.proved:
        return 0
    return 1 if proofs.refuted else _NOT_PROVED


def _verdict(proofs: Proofs) -> Line:
    if proofs.proved:
        return Line("Proved: every layer's step is the program's.", Tone.GOOD)
    if proofs.refuted:
        return Line("Refuted: a layer's step is not the program's.", Tone.BAD)
    return Line("Not proved: the reasons are below.", Tone.DOUBTFUL)


def _reasons(proofs: Proofs) -> Iterator[Block]:
    """Yield why layers are not proved, and which values come at another step."""
    yield from (Line(each.sentence(), Tone.BAD) for each in proofs.wrongly_late)
    failed = [proof for proof in proofs.values() if proof.status != "proved"]
    for proof in failed:
        refuted = proof.counterexample is not None
        words = proof.reason if refuted else f"{proof.layer}: {proof.reason}"
        yield Line(words, Tone.BAD if refuted else Tone.DOUBTFUL)
        if proof.counterexample is not None and proof.counterexample.file is not None:
            yield Line(f"  samples that show it: {proof.counterexample.file}")
    if any(proof.counterexample is None and "no answer" in proof.reason for proof in failed):
        yield Line(_REMEDY, Tone.ASIDE)
