"""`neurodeploy view` writes the report beside the artifact, and opens it where that is possible."""

import webbrowser
from pathlib import Path

import pytest

from tests.unit.neurodeploy.cli.helpers import Caller, refused


class Windows(webbrowser.BaseBrowser):
    """A browser that notes what it would show."""

    def __init__(self) -> None:
        super().__init__("windows")
        self.addresses: list[str] = []

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.addresses.append(url)
        return True


def test_the_page_is_opened(here: Path, call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Windows()
    monkeypatch.setattr(webbrowser, "get", lambda: browser)
    done = call("view", "artifact", "--simulator", "none", "--samples", "samples.npz")
    assert done.code == 0
    page = here / "artifact-report" / "report.html"
    assert browser.addresses == [page.as_uri()]
    assert done.out == f"opened {page}\n"
    quiet = call("view", "artifact/network.net", "--no-browser", "--simulator", "none", "--json")
    assert quiet.document["opened"] is False
    assert quiet.document["files"] == {"report": str(here / "artifact/network-report/report.html")}
    assert len(browser.addresses) == 1


def test_a_browser_in_the_terminal_is_left_alone(
    here: Path, call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser("false"))
    done = call("view", "artifact", "--simulator", "none", "--report", "pages")
    assert done.out == f"report: {here / 'pages' / 'report.html'}\n"

    def no_browser() -> webbrowser.BaseBrowser:
        raise webbrowser.Error("none")

    monkeypatch.setattr(webbrowser, "get", no_browser)
    assert call("view", "artifact", "--simulator", "none").out.startswith("report: ")


def test_what_cannot_be_viewed(here: Path, call: Caller) -> None:
    refused(call("view", "nothing"), 2, "nothing")
    refused(call("view", "artifact", "--simulator", "moon"), 2, "moon")
    assert not (here / "artifact-report").exists()
