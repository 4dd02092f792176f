"""A report on disk: the page, the document and the text, each complete or absent."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from neurodeploy.data.files import REMEDIES
from neurodeploy.errors import OutputError
from neurodeploy.report.report import Report


def write_report(report: Report, folder: str | os.PathLike[str]) -> Path:
    """Write report.html, report.json and report.txt, and return the path of the page.

    Raises:
        OutputError: if they could not be written; then nothing half-written is left.
    """
    texts = {
        "report.json": report.to_json(),
        "report.txt": report.to_text(),
        "report.html": report.to_html(),
    }
    target = Path(folder)
    created: list[Path] = []
    # Each file has a private name until all of them are complete.
    drafts = {name: target / f".{name}.{secrets.token_hex(4)}" for name in texts}
    try:
        created = [path for path in (target, *target.parents) if not path.exists()]
        target.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            _write_whole(drafts[name], text)
        for name, draft in drafts.items():
            os.replace(draft, target / name)
    except OSError as error:
        remedy = REMEDIES.get(error.errno or 0, "choose a folder that you may write to")
        why = error.strerror or str(error)
        raise OutputError(f"{target}: the report was not written: {why}", remedy=remedy) from error
    finally:
        _clean(drafts.values(), created)
    return target / "report.html"


def _write_whole(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _clean(drafts: Iterable[Path], created: Iterable[Path]) -> None:
    for draft in drafts:
        with suppress(OSError):
            draft.unlink()
    # Remove only a folder that we created and that stayed empty.
    for folder in created:
        with suppress(OSError):
            folder.rmdir()
