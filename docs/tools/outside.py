"""Files outside docs/ that are pages of the site, and links between the two."""

from __future__ import annotations

import ast
import posixpath
import re
from pathlib import Path

# The page of the site that shows a file of the repository.
_SHOWN = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "docs/adr": "adr/0001-four-packages-one-wheel.md",
}
_LINK = re.compile(r"\]\((?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?\)")


def pages(root: Path) -> dict[str, str]:
    """Return the pages that show files outside docs/, by their names in the site."""
    names = [path.relative_to(root).as_posix() for path in (root / "benchmarks").rglob("*.md")]
    texts = {}
    for name in ("CHANGELOG.md", "CONTRIBUTING.md", *sorted(names)):
        page = str(_page_of(name))
        texts[page] = rerouted((root / name).read_text("utf-8"), name, page)
    readme = (root / "README.md").read_text("utf-8")
    install = re.search(r"^## Install\n.*?(?=^## )", readme, re.DOTALL | re.MULTILINE)
    texts["install.md"] = rerouted(install[0][1:] if install else "", "README.md", "install.md")
    return texts | {"examples.md": _examples(root)}


def rerouted(text: str, source: str, page: str) -> str:
    """Return a text whose links, written for the repository, lead through the site."""

    def link(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[1]))
        target, anchor = _page_of(path), match[2] or ""
        if target is None:
            return match[0]
        if (path, anchor) == ("README.md", "#install"):
            target, anchor = "install.md", ""
        if path.startswith("examples/"):
            anchor = f"#{path.removeprefix('examples/').replace('.', '')}"
        return f"]({posixpath.relpath(target, posixpath.dirname(page) or '.')}{anchor})"

    return _LINK.sub(link, text)


def _page_of(path: str) -> str | None:
    if path in _SHOWN:
        return _SHOWN[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path.startswith("benchmarks/") and path.endswith(".md"):
        return path.lower()
    return "examples.md" if path.startswith("examples/") else None


def _examples(root: Path) -> str:
    """Return a page with every example: what it shows, and its text."""
    folder = root / "examples"
    parts = ["# Examples", "Scripts that run from a clone: `python examples/NAME.py`."]
    for path in sorted(folder.glob("*.py")):
        source = path.read_text("utf-8")
        words, _, usage = (ast.get_docstring(ast.parse(source)) or "").partition("Usage: ")
        parts += [f"## {path.name}", words.strip()]
        parts += [*([_code("text", usage)] if usage else []), _code("python", source)]
    parts += ["## mychip", "The package that `neurodeploy new-target mychip` writes."]
    for path in sorted((folder / "mychip").rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        parts += [f"### {name}", _code("python", path.read_text("utf-8"))]
    return "\n\n".join(parts) + "\n"


def _code(language: str, text: str) -> str:
    return f"````{language}\n{text.rstrip()}\n````"
