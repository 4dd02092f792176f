"""The events of mkdocs: pages that are generated, links that leave docs/, and the navigation."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

# The labels of the theme that show an icon or nothing, and what they do.
_NAMELESS = {
    r'(<label class="md-(?:header__button md-icon|overlay)" for="__drawer")()': "Menu",
    r'(<label class="md-(?:header__button md-icon|search__icon md-icon|search__overlay)" '
    r'for="__search")()': "Search",
    r'(<label class="md-nav__link [^>]*)(>\s*<span class="md-nav__icon)': "Pages of this section",
}
ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# mkdocs imports this file from its folder; the packages and the other tools are found from here.
sys.path.insert(0, str(ROOT))

from docs.tools import commands, navigation, notebooks, outside, python  # noqa: E402


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill the navigation: names with stars, and pages that nothing names."""
    names = [path.relative_to(DOCS).as_posix() for path in navigation.pages(DOCS)]
    config.nav = navigation.filled(config.nav or [], [*names, *_generated()])
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, and tutorials as notebooks."""
    texts = dict(_generated())
    for path in filter(notebooks.is_notebook, navigation.pages(DOCS)):
        name = path.relative_to(DOCS).with_suffix(".ipynb").as_posix()
        texts[name] = notebooks.notebook(path.read_text("utf-8"))
    for name, text in texts.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Offer a tutorial's notebook, and lead links to the pages that show those files."""
    name, path = page.file.src_uri, page.file.abs_src_path
    if path is None:
        return markdown
    if notebooks.is_notebook(Path(path)):
        title, _, rest = markdown.partition("\n")
        markdown = f"{title}\n\n[Open as a notebook]({Path(name).stem}.ipynb)\n{rest}"
    return outside.rerouted(markdown, f"docs/{name}", name)


def on_post_page(output: str, **_: Any) -> str:
    """Name the labels that the theme leaves to their icons, or to nothing."""
    for label, name in _NAMELESS.items():
        output = re.sub(label, rf'\1 aria-label="{name}"\2', output)
    return output


@cache
def _generated() -> dict[str, str]:
    """Return the text of each page that is generated, by its name in the site."""
    return outside.pages(ROOT) | python.pages(ROOT) | {"reference/command-line.md": commands.page()}
