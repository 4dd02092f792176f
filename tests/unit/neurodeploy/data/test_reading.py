"""Files of strangers: regular ones alone, no larger than they may be, and nothing is waited for."""

import os
from pathlib import Path

import pytest

from neurodeploy.data import reading
from neurodeploy.data.reading import read_regular

POSIX = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes in folders")


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(range(256)))
    assert read_regular(tmp_path / "x") == bytes(range(256))
    assert read_regular(tmp_path / "x", most=256, links=False) == bytes(range(256))
    (tmp_path / "empty").touch()
    assert read_regular(tmp_path / "empty") == b""


@POSIX
def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero"), Path("/dev/tty")):
        with pytest.raises(OSError, match="is not a regular file"):
            read_regular(path)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "gone")


@POSIX
def test_a_link_is_followed_where_it_may_be(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"1")
    (tmp_path / "link").symlink_to("x")
    (tmp_path / "device").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to("loop")
    assert read_regular(tmp_path / "link") == b"1"
    for name in ("link", "device", "loop"):
        with pytest.raises(OSError, match="is a symbolic link, which is not followed"):
            read_regular(tmp_path / name, links=False)
    with pytest.raises(OSError, match="is not a regular file"):
        read_regular(tmp_path / "device")
    with pytest.raises(OSError, match="symbolic links"):
        read_regular(tmp_path / "loop")


@POSIX
def test_a_file_that_is_exchanged_between_two_looks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the first check is deceived, the second one sees the file that was opened."""
    (tmp_path / "x").write_bytes(b"1")
    os.mkfifo(tmp_path / "pipe")
    status = os.stat(tmp_path / "x")
    monkeypatch.setattr(reading.os, "stat", lambda *_, **__: status)
    before = set(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else set()
    with pytest.raises(OSError, match="is not a regular file"):
        read_regular(tmp_path / "pipe")
    if before:
        assert set(os.listdir("/proc/self/fd")) <= before


def test_a_file_is_no_larger_than_it_may_be(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(11))
    with pytest.raises(OSError, match="holds 11 bytes, but at most 10 are read"):
        read_regular(tmp_path / "x", most=10)
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(
        OSError, match=r"holds 1,099,511,627,776 bytes, but only [0-9,]+ bytes of memory"
    ):
        read_regular(tmp_path / "hole")
