"""A table in RESULTS.md."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")


def report(heading: str, about: str, table: Sequence[str]) -> None:
    """Print a section, and put it into RESULTS.md, in place of an older one, with --write."""
    text = "\n".join([f"## {heading}", about, "", *table]) + "\n"
    print(text, flush=True)
    if "--write" in sys.argv[1:]:
        before, _, after = RESULTS.read_text().partition(f"## {heading}\n")
        _, mark, rest = after.partition("\n## ")
        RESULTS.write_text(before.rstrip() + "\n\n" + text + (f"\n## {rest}" if mark else ""))
