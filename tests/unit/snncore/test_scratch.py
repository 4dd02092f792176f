"""Scratch folders: those of the living stay, those of the dead go, and nobody else's."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from snncore.scratch import MARK, claim, sweep

ROOT = Path(__file__).parents[3]
PREFIX = "t-"


def run(code: str, argument: Path, output: int | None = None) -> subprocess.Popen[bytes]:
    """Start a process that uses scratch folders."""
    command = [sys.executable, "-c", f"from snncore.scratch import *\n{code}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([*command, str(argument)], env=environment, stdout=output)


CLAIM = f"""
import sys, time
from pathlib import Path
folder = claim(Path(sys.argv[1]), {PREFIX!r}).folder
(folder / "below").mkdir()
(folder / "below/file").write_text("text")
print(folder, flush=True)
time.sleep(600)
"""


def test_only_a_dead_processs_folder_is_swept(tmp_path: Path) -> None:
    with run(CLAIM, tmp_path, subprocess.PIPE) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().decode().strip())
        sweep(tmp_path, PREFIX)
        assert (folder / "below/file").is_file()
        process.send_signal(signal.SIGKILL)
        process.wait()
    sweep(tmp_path, PREFIX)
    assert list(tmp_path.iterdir()) == []


def test_ones_own_folder_stays_until_it_is_removed(tmp_path: Path) -> None:
    scratch = claim(tmp_path, PREFIX)
    sweep(tmp_path, PREFIX)
    assert scratch.folder.stat().st_mode & 0o777 == 0o700
    scratch.remove()
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    others = tmp_path / "others"
    others.mkdir()
    (others / MARK).touch()
    base = tmp_path / "base"
    (base / f"{PREFIX}unmarked/below").mkdir(parents=True)
    (base / f"{PREFIX}file").touch()
    (base / f"{PREFIX}link").symlink_to(others)
    (base / "prefix").mkdir()
    (base / "prefix" / MARK).touch()
    (base / f"{PREFIX}linked-mark").mkdir()
    (base / f"{PREFIX}linked-mark" / MARK).symlink_to(others / MARK)
    before = sorted(tmp_path.rglob("*"))
    sweep(base, PREFIX)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_another_users_folder_stays(tmp_path: Path) -> None:
    folder = tmp_path / f"{PREFIX}theirs"
    folder.mkdir()
    (folder / MARK).touch()
    os.chown(folder, 54321, 54321)
    sweep(tmp_path, PREFIX)
    assert (folder / MARK).exists()
    os.chown(folder, 0, 0)
    sweep(tmp_path, PREFIX)
    assert not folder.exists()


CONTEND = f"""
import sys
from pathlib import Path
base = Path(sys.argv[1])
for turn in range(150):
    scratch = claim(base, {PREFIX!r})
    (scratch.folder / "mine").write_text("text")
    sweep(base, {PREFIX!r})
    assert (scratch.folder / "mine").read_text() == "text"
    scratch.remove()
"""


def test_many_claim_and_sweep_at_once(tmp_path: Path) -> None:
    running = [run(CONTEND, tmp_path) for _ in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    assert list(tmp_path.iterdir()) == []
