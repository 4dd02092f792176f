"""Files and folders that are there whole or not at all, whatever goes wrong while writing."""

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from neurodeploy.data.files import require_writable, write_atomically, write_folder_atomically
from neurodeploy.errors import OutputError


def always(_: Path) -> bool:
    return True


def never(_: Path) -> bool:
    return False


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_file_is_written_with_its_folders_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    for content in (b"first", b"second"):
        write_atomically(path, lambda file, content=content: file.write(content))
        assert tree(tmp_path) == {"a/b/file": content}
    # Readable by whom the user's mask lets, not by its owner alone.
    assert path.stat().st_mode & 0o777 == 0o666 & ~_mask()


def test_a_folder_is_tried_and_nothing_left(tmp_path: Path) -> None:
    require_writable(tmp_path / "a" / "b")
    (tmp_path / "there").mkdir()
    require_writable(tmp_path / "there")
    assert list(tmp_path.iterdir()) == [tmp_path / "there"]
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="below: cannot be written: Not a directory"):
        require_writable(tmp_path / "file" / "below")


def test_torchs_words_for_a_full_disk_are_told_as_such(tmp_path: Path) -> None:
    error = RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 9 vs 2")
    with pytest.raises(OutputError, match=r"no room for all of it.*free some space"):
        write_atomically(tmp_path / "file", _raise(error))


def _mask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


class OwnError(Exception):
    """Something that a writer may raise."""


def _raise(error: BaseException) -> Callable[[IO[bytes]], object]:
    def write(file: IO[bytes]) -> None:
        file.write(b"half")
        raise error

    return write


@pytest.mark.parametrize("error", [OwnError(), KeyboardInterrupt(), SystemExit(1), MemoryError()])
def test_a_writer_that_is_stopped_leaves_what_was_there(
    error: BaseException, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with pytest.raises(type(error)):
        write_atomically(path, _raise(error))
    assert tree(tmp_path) == {"file": b"before"}


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("a\nb")])
def test_a_writer_that_fails_is_named_and_leaves_nothing(error: Exception, tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    with pytest.raises(OutputError, match=r"file: cannot be written: (No space|a)") as caught:
        write_atomically(path, _raise(error))
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, OSError)
    assert list(tmp_path.iterdir()) == []


WRITE_FILE = """
from pathlib import Path
from neurodeploy.errors import OutputError
from neurodeploy.data.files import write_atomically, write_folder_atomically
path = Path({path!r})
try:
    if {folder}:
        files = {{"small": b"x", "large": bytes(100_000)}}
        write_folder_atomically(path, files, ours=lambda _: True)
    else:
        write_atomically(path, lambda file: file.write(bytes(100_000)))
except OutputError as error:
    print(error)
"""


def limited() -> None:
    """As on a full disk, no file gets beyond a page."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


@pytest.mark.parametrize("folder", [False, True])
def test_a_disk_that_takes_no_more_leaves_what_was_there(folder: bool, tmp_path: Path) -> None:
    path = tmp_path / "out"
    if folder:
        write_folder_atomically(path, {"small": b"before"}, ours=always)
    else:
        path.write_bytes(b"before")
    before = tree(tmp_path)
    script = WRITE_FILE.format(path=str(path), folder=folder)
    process = subprocess.run(
        # Without bytecode, which would meet the limit as well, and stay behind cut short.
        [sys.executable, "-B", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=limited,
        cwd=Path(__file__).parents[4],
    )
    assert "out: cannot be written: File too large" in process.stdout
    assert tree(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_is_written_whole_and_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "out"
    write_folder_atomically(folder, {"x": b"1", "y": b"2"}, ours=never)
    assert tree(tmp_path) == {"a/out/x": b"1", "a/out/y": b"2"}
    write_folder_atomically(folder, {"x": b"3"}, ours=always)
    assert tree(tmp_path) == {"a/out/x": b"3"}
    assert folder.stat().st_mode & 0o777 == 0o777 & ~_mask()


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    write_folder_atomically(folder, {"x": b"1"}, ours=never)
    assert tree(tmp_path) == {"out/x": b"1"}


def test_a_folder_of_somebody_else_is_not_touched(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "theirs").write_bytes(b"1")
    with pytest.raises(OutputError, match="out: is a folder that holds other files"):
        write_folder_atomically(folder, {"x": b"1"}, ours=never)
    assert tree(tmp_path) == {"out/theirs": b"1"}


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    write_folder_atomically(tmp_path / "real", {"x": b"1"}, ours=always)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    write_folder_atomically(link, {"x": b"2"}, ours=always)
    assert link.is_symlink()
    assert tree(tmp_path)["real/x"] == b"2"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


@pytest.mark.parametrize("inside", [False, True])
def test_a_file_in_the_way_is_named(inside: bool, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1")
    path = tmp_path / "file" / "out" if inside else tmp_path / "file"
    with pytest.raises(OutputError, match="file"):
        write_folder_atomically(path, {"x": b"1"}, ours=always)
    with pytest.raises(OutputError, match="folder" if not inside else "file"):
        write_atomically(tmp_path if not inside else path, lambda file: file.write(b"1"))
    assert tree(tmp_path) == {"file": b"1"}


def test_a_name_that_no_disk_takes_leaves_nothing(tmp_path: Path) -> None:
    files = {"small": b"1", "x" * 300: b"2"}
    with pytest.raises(OutputError, match="out: cannot be written"):
        write_folder_atomically(tmp_path / "new" / "out", files, ours=always)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("failing", [0, 1])
def test_a_folder_that_cannot_be_moved_stays_and_nothing_beside_it(
    failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first move takes the old folder away, the second brings the new one."""
    folder = tmp_path / "out"
    write_folder_atomically(folder, {"a": b"old"}, ours=always)
    moves: list[Path] = []
    replace = os.replace

    def refusing(source: Path, target: Path) -> None:
        moves.append(source)
        if len(moves) == failing + 1:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        replace(source, target)

    monkeypatch.setattr(os, "replace", refusing)
    with pytest.raises(OutputError, match=r"out: cannot be written: .*busy"):
        write_folder_atomically(folder, {"a": b"new"}, ours=always)
    assert len(moves) == failing + 1 + failing
    assert tree(tmp_path) == {"out/a": b"old"}
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("error", [OSError("odd words"), RuntimeError("odd words")])
def test_an_error_without_a_number_has_no_remedy_of_another(
    error: Exception, tmp_path: Path
) -> None:
    def fails(_: IO[bytes]) -> None:
        raise error

    with pytest.raises(OutputError, match="file: cannot be written: odd words") as caught:
        write_atomically(tmp_path / "file", fails)
    assert caught.value.remedy is None
    assert list(tmp_path.iterdir()) == []
