"""Reports on disk: whole or not there."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from neurodeploy.errors import OutputError
from neurodeploy.report.report import Report
from neurodeploy.report.write import write_report

Named = Callable[[str], Report]
FILES = {"report.html", "report.json", "report.txt"}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_writes_three_files(report: Report, tmp_path: Path) -> None:
    page = write_report(report, tmp_path / "a" / "b")
    assert page == tmp_path / "a" / "b" / "report.html"
    assert names(page.parent) == FILES
    assert page.read_text(encoding="utf-8") == report.to_html()
    assert json.loads((page.parent / "report.json").read_bytes())["equal"] is report.equal
    assert (page.parent / "report.txt").read_text(encoding="utf-8") == report.to_text()


def test_replaces_what_was_there_and_nothing_else(named: Named, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    write_report(named("equal"), tmp_path)
    write_report(named("differs"), tmp_path)
    assert names(tmp_path) == FILES | {"notes.txt"}
    assert "Differs" in (tmp_path / "report.txt").read_text(encoding="utf-8")


def test_a_file_in_the_way(named: Named, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    for folder in (tmp_path / "taken", tmp_path / "taken" / "deeper"):
        with pytest.raises(OutputError, match=r"taken.*choose"):
            write_report(named("equal"), folder)
    assert names(tmp_path) == {"taken"}


def test_a_folder_where_the_page_belongs(named: Named, tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OutputError):
        write_report(named("equal"), tmp_path)
    assert not [name for name in names(tmp_path) if name.startswith(".")]


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_full_disk(
    call: int, named: Named, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(named("equal"), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    calls = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"No space left on device.*free some space"):
        write_report(named("differs"), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    calls.clear()
    with pytest.raises(OutputError):
        write_report(named("differs"), tmp_path / "new" / "folder")
    assert not (tmp_path / "new").exists()


def test_the_error_is_an_oserror_too(named: Named, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="too long"):
        write_report(named("equal"), tmp_path / ("x" * 400))
