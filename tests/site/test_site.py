"""The site builds without a warning from the clone alone, and shows everything that there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from docs.tools import commands, navigation, notebooks, outside, python
from tests.packaging.tree import ROOT

DOCS = ROOT / "docs"
# What a page loads by itself; links that a reader may follow are no matter.
LOADED = re.compile(r"<(?:script|img|iframe)[^>]+src=\"([^\"]+)|<link[^>]+href=\"([^\"]+)")
CANONICAL = re.compile(r"<link[^>]+rel=\"(?:canonical|next|prev)\"[^>]*>")


def html(path: Path) -> str:
    return path.read_text("utf-8")


def test_every_page_is_there(site: Path) -> None:
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    written = navigation.pages(DOCS)
    assert len(written) >= 60
    for path in written:
        assert path.relative_to(DOCS).with_suffix(".html").as_posix() in pages
    assert not list(site.rglob("tools/*"))


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    loaded = []
    for path in site.rglob("*.html"):
        for match in LOADED.finditer(CANONICAL.sub("", html(path))):
            loaded.append(match[1] or match[2])
    assert len(loaded) > 500
    assert [address for address in loaded if re.match(r"(https?:)?//", address)] == []
    styles = "".join(path.read_text("utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"url\(['\"]?https?:", styles) == []


def test_every_public_name_has_its_place(site: Path) -> None:
    shown = "".join(html(path) for path in (site / "reference/python").glob("*.html"))
    origins = [origin for door in python.DOORS for origin in python.names(door, ROOT).values()]
    assert len(set(origins)) > 300
    assert set(origins) - set(re.findall(r'id="([^"]+)"', shown)) == set()


def test_every_command_has_its_place(site: Path) -> None:
    page = html(site / "reference/command-line.html")
    for name in ("export", "verify", "convert", "sweep", "simulators install", "doctor"):
        assert f">neurodeploy {name}<" in page
    assert "--samples FILE" in page
    assert commands.page().count("### neurodeploy") + commands.page().count("## neurodeploy") > 15


def test_a_new_page_is_found_without_a_line_for_it() -> None:
    nav = [{"Start": "index.md"}, {"All": "adr/*.md"}]
    names = ["index.md", "new.md", "adr/1.md", "adr/2.md"]
    *listed, more = navigation.filled(nav, names)
    assert listed == [{"Start": "index.md"}, {"All": ["adr/1.md", "adr/2.md"]}]
    assert more == {"More": ["new.md"]}
    assert navigation.filled(nav, ["index.md", "adr/1.md"])[-1] == {"All": ["adr/1.md"]}


def test_links_out_of_the_pages_lead_to_pages() -> None:
    text = "[a](../benchmarks/RESULTS.md#x) [b](../examples/mychip) [c](loihi.md) [d](https://e.f)"
    assert outside.rerouted(text, "docs/a.md", "a.md") == (
        "[a](benchmarks/results.md#x) [b](examples.md#mychip) [c](loihi.md) [d](https://e.f)"
    )
    home = outside.rerouted("[a](docs/b.md) [c](README.md#install)", "CHANGELOG.md", "x/y.md")
    assert home == "[a](../b.md) [c](../install.md)"


def test_tutorials_are_notebooks(site: Path) -> None:
    tutorials = [path for path in navigation.pages(DOCS) if notebooks.is_notebook(path)]
    assert len(tutorials) == 5
    for path in tutorials:
        book = json.loads((site / "tutorials" / f"{path.stem}.ipynb").read_text("utf-8"))
        assert set(book) == {"cells", "metadata", "nbformat", "nbformat_minor"}
        assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
        kinds = [cell["cell_type"] for cell in book["cells"]]
        assert kinds.count("code") >= 4
        assert kinds[0] == "markdown"
        names = [cell["id"] for cell in book["cells"]]
        assert len(set(names)) == len(names)
        for cell in book["cells"]:
            more = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
            assert set(cell) == {"cell_type", "id", "metadata", "source"} | more
            assert all(line.endswith("\n") for line in cell["source"][:-1])
        # Nothing of the page is lost: its words and its code, fences apart.
        words = "".join("".join(cell["source"]).replace("!", "") for cell in book["cells"])
        page = re.sub(r"^```(python|sh)?$", "", path.read_text("utf-8"), flags=re.MULTILINE)
        assert "".join(words.split()) == "".join(page.replace("!", "").split())
        assert f'href="{path.stem}.ipynb"' in html(site / "tutorials" / f"{path.stem}.html")
