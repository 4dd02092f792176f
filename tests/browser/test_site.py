"""The documentation in a real browser: quiet, readable, named, no wider than a telephone, found."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.browser.checks import DARK, FAINT, NAMELESS
from tests.browser.chromium import Browser
from tests.site.building import built

PAGES = ("index", "how-to/snntorch-on-loihi", "reference/command-line")
TYPED = """
(words => {
    const field = document.querySelector(".md-search__input");
    field.focus();
    field.value = words;
    field.dispatchEvent(new Event("keyup"));
})
"""
LINK = 'a[href$="snntorch-on-loihi.html"]'
HITS = "[...document.querySelectorAll('.md-search-result__link')].map(each => each.pathname)"


class Quiet(SimpleHTTPRequestHandler):
    """A server that does not tell what it serves."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the site."""
    folder = built(tmp_path_factory.getbasetemp())
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("width", [390, 1280])
def test_pages_are_quiet_and_readable(address: str, width: int) -> None:
    with Browser(width) as browser:
        for page in PAGES:
            show(browser, address, page)
            assert browser.value("document.querySelector('.md-content h1') !== null")
            assert browser.value("document.querySelectorAll('body *').length") > 100
            assert browser.value("innerWidth") == width
            assert browser.value("document.documentElement.scrollWidth") <= width, page
            assert browser.value(NAMELESS) == [], page
            assert browser.value(FAINT) == [], page
            assert not browser.value(DARK)
        assert browser.messages == []


def test_dark_colours_are_readable_too(address: str) -> None:
    with Browser() as browser, browser.dark():
        for page in PAGES:
            show(browser, address, page)
            browser.wait(DARK)
            assert browser.value(FAINT) == [], page


def show(browser: Browser, address: str, page: str) -> None:
    """Open a page, and wait until it is there."""
    browser.open(f"{address}/{page}.html")
    browser.wait(f"location.pathname === '/{page}.html' && document.readyState === 'complete'")


def test_a_network_of_snntorch_is_found(address: str) -> None:
    with Browser() as browser:
        browser.open(f"{address}/index.html")
        browser.value(f"{TYPED}('snntorch loihi')")
        assert browser.wait(HITS)[0] == "/how-to/snntorch-on-loihi.html"
        browser.value(f"{TYPED}('how do I put my snnTorch network on Loihi')")
        browser.wait(f"{HITS}[0] === '/how-to/snntorch-on-loihi.html'")
        # By hand it is one click.
        browser.open(f"{address}/index.html")
        browser.value(f"document.querySelector('.md-content {LINK}').click()")
        heading = "document.querySelector('h1')?.textContent.startsWith('Put my snnTorch network')"
        browser.wait(heading)
        assert browser.messages == []
