"""Tutorials as Jupyter notebooks: `python docs/tools/notebooks.py PAGE.md > PAGE.ipynb`.

A page is prose with blocks of code. Blocks of Python become cells of code, and so do the lines of
a shell, each behind a `!`; everything else is prose. The same page gives the same bytes.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

_BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```\n?", re.DOTALL | re.MULTILINE)
_KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py"},
}


def is_notebook(path: Path) -> bool:
    """Return whether a page is a tutorial."""
    return path.parent.name == "tutorials" and path.stem != "index"


def cells(page: str) -> list[tuple[str, str]]:
    """Return the cells of a page: their kind, `markdown` or `code`, and their text."""
    parts: list[tuple[str, str]] = []
    end = 0
    for match in _BLOCK.finditer(page):
        parts.append(("markdown", page[end : match.start()].strip()))
        lines = match[2].rstrip().splitlines()
        shell = match[1] == "sh"
        parts.append(("code", "\n".join(f"!{line}" if shell else line for line in lines)))
        end = match.end()
    parts.append(("markdown", page[end:].strip()))
    return [(kind, text) for kind, text in parts if text]


def notebook(page: str) -> str:
    """Return a page as a notebook of format 4.5."""
    entries: list[dict[str, Any]] = []
    for number, (kind, text) in enumerate(cells(page)):
        entry: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}}
        if kind == "code":
            entry |= {"execution_count": None, "outputs": []}
        entries.append(entry | {"source": text.splitlines(keepends=True)})
    document = {"cells": entries, "metadata": _KERNEL, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(notebook(Path(sys.argv[1]).read_text("utf-8")))
