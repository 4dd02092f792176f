"""The cache of kernels: only what this user wrote is loaded, whatever lies there."""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from snncore.kernels import cache
from snncore.kernels.cpp import build as cpp_build

ROOT = Path(__file__).parents[4]
SOURCE = 'extern "C" int answer() { return 42; }\n'
EVIL = SOURCE.replace("42", "666")
# The package itself would bring torch, which takes seconds and is not needed here.
LEAN = f"""
import sys, types
package = sys.modules["snncore.kernels"] = types.ModuleType("snncore.kernels")
package.__path__ = [{str(ROOT / "snncore" / "kernels")!r}]
from snncore.kernels import cache
from snncore.kernels.cpp import build as cpp_build
"""
LOAD = f"{LEAN}print(cpp_build.load({SOURCE!r}).answer())"
# Loaded once more, with the file's number each time.
TWICE = f"""{LEAN}
import os
for turn in range(2):
    print(cpp_build.load({SOURCE!r}).answer(), os.stat(sys.argv[1]).st_ino)
"""
STRANGER = 54321
ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the cache of a test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    return tmp_path / "cache/neurodeploy/kernels"


def process(code: str = LOAD, *words: str) -> subprocess.Popen[str]:
    """Start a Python that loads the kernel; the library may end it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", code, *words]
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


def answer() -> tuple[int, str, str]:
    """Return what a Python that loads the kernel prints, and its warnings."""
    running = process()
    printed, warned = running.communicate()
    return running.returncode, printed.strip(), warned


def library(folder: Path) -> Path:
    """Return the one library in the cache."""
    (path,) = folder.glob("*.so")
    return path


def checksum(folder: Path) -> Path:
    """Return the one checksum in the cache."""
    (path,) = folder.glob("*.so.sha256")
    return path


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a library that answers otherwise."""
    built = tmp_path_factory.mktemp("evil")
    return cpp_build.compile_library(cpp_build.compiler() or (), cpp_build.FLAGS, EVIL, built)[0]


def exchange(folder: Path, evil: bytes) -> list[Path]:
    """Put another library into the cache, with the checksum that fits."""
    key = checksum(folder).name.partition(".")[0]
    digest = cache._checksum(_KEY, "so", evil)
    planted = folder / f"{key}-{digest[:16]}.so"
    planted.write_bytes(evil)
    checksum(folder).write_text(f"{digest}\n")
    return [planted, checksum(folder)]


@pytest.fixture(autouse=True)
def _note_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Note the key of every checksum, which holds for that key alone."""
    original = cache._checksum

    def noted(key: str, ending: str, data: bytes) -> str:
        global _KEY
        _KEY = key
        return original(key, ending, data)

    monkeypatch.setattr(cache, "_checksum", noted)


_KEY = ""


def damage_library(folder: Path, data: bytes) -> None:
    """Put other bytes under the library's name.

    They are a new file: this process has mapped the old one, and would end with it.
    """
    name, other = library(folder), folder / "other"
    other.write_bytes(data)
    other.chmod(0o600)
    other.replace(name)


def cut(folder: Path) -> None:
    damage_library(folder, library(folder).read_bytes()[:5000])


def empty(folder: Path) -> None:
    damage_library(folder, b"")


def garbage(folder: Path) -> None:
    damage_library(folder, b"no library" * 1000)


def flipped(folder: Path) -> None:
    data = bytearray(library(folder).read_bytes())
    data[len(data) // 2] ^= 1
    damage_library(folder, bytes(data))


def without_checksum(folder: Path) -> None:
    checksum(folder).unlink()


def garbled_checksum(folder: Path) -> None:
    checksum(folder).write_bytes(b"\xff\0/../" * 20)


def another_key(folder: Path) -> None:
    """Put in a library and its checksum that belong to another source."""
    binary, beside = library(folder), checksum(folder)
    old = binary.read_bytes(), beside.read_text(), binary.name
    cpp_build.load(EVIL)
    (other,) = set(folder.glob("*.so")) - {binary}
    (digest,) = set(folder.glob("*.so.sha256")) - {beside}
    text = digest.read_text()
    beside.write_text(text)
    binary.unlink()
    other.rename(folder / binary.name.replace(old[2][33:49], text[:16]))
    digest.unlink()


def writable(folder: Path) -> None:
    """Let others write the library."""
    library(folder).chmod(0o666)


def linked(folder: Path) -> None:
    """Link to a folder where others may write."""
    away = folder.parent / "away"
    library(folder).rename(away)
    (folder / "x").symlink_to(away)
    (folder / "x").rename(folder / f"{_stem(folder)}.so")


def _stem(folder: Path) -> str:
    text = checksum(folder).read_text()
    return f"{checksum(folder).name.partition('.')[0]}-{text[:16]}"


def pipe(folder: Path) -> None:
    """Put in a pipe that nobody writes to: opening it would wait for ever."""
    name = library(folder)
    name.unlink()
    os.mkfifo(name, 0o600)


DAMAGES = [
    cut,
    empty,
    garbage,
    flipped,
    without_checksum,
    garbled_checksum,
    another_key,
    writable,
    linked,
    pipe,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_does_not_fit_is_built_anew(folder: Path, damage: Callable[[Path], None]) -> None:
    cpp_build.load(SOURCE)
    name, good = library(folder).name, library(folder).read_bytes()
    damage(folder)
    printed, warned = process(TWICE, str(folder / name)).communicate()
    (first, built), (second, loaded) = map(str.split, printed.splitlines())
    assert (first, second, warned) == ("42", "42", "")
    assert (folder / name).read_bytes() == good
    assert not (folder / name).is_symlink()
    assert built == loaded


def test_what_fits_is_loaded(folder: Path, evil: bytes) -> None:
    """Check the control: such a library would be run, were it the user's own."""
    cpp_build.load(SOURCE)
    exchange(folder, evil)
    assert answer() == (0, "666", "")


@ONLY_ROOT
@pytest.mark.parametrize("whose", [(0, 1), (0,), (1,)])
def test_another_users_file_is_not_run(folder: Path, evil: bytes, whose: tuple[int, ...]) -> None:
    cpp_build.load(SOURCE)
    planted = exchange(folder, evil)
    for index in whose:
        os.chown(planted[index], STRANGER, STRANGER)
    assert answer() == (0, "42", "")


@ONLY_ROOT
def test_another_users_folder_is_not_used(folder: Path, evil: bytes, tmp_path: Path) -> None:
    cpp_build.load(SOURCE)
    exchange(folder, evil)
    os.chown(folder, STRANGER, STRANGER)
    is_avoided(folder, f"belongs to user {STRANGER}, not to user 0", tmp_path)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_folder_that_others_write_is_not_used(
    folder: Path, evil: bytes, tmp_path: Path, mode: int
) -> None:
    cpp_build.load(SOURCE)
    exchange(folder, evil)
    folder.chmod(mode)
    is_avoided(folder, f"can be written to by others (mode {mode:04o})", tmp_path)


def test_a_file_where_the_folder_would_be(folder: Path, tmp_path: Path) -> None:
    folder.parent.parent.mkdir()
    folder.parent.write_text("a file")
    is_avoided(folder, "cannot be used: Not a directory", tmp_path)


def test_a_link_that_leads_nowhere(folder: Path, tmp_path: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.symlink_to("nowhere")
    is_avoided(folder, "cannot be used: ", tmp_path)


def is_avoided(folder: Path, reason: str, tmp_path: Path) -> None:
    """Check that the kernel is built apart, with one warning, and that nothing is left of it."""
    before = sorted(folder.iterdir()) if folder.is_dir() else []
    code, printed, warned = answer()
    assert (code, printed) == (0, "42")
    assert warned.count("RuntimeWarning") == 1
    assert f"{folder}: {reason}" in warned
    assert "remove the folder" in warned
    assert "XDG_CACHE_HOME" in warned
    assert (sorted(folder.iterdir()) if folder.is_dir() else []) == before
    assert list((tmp_path / "tmp").iterdir()) == []


def test_folders_and_files_are_the_users_alone(folder: Path) -> None:
    before = os.umask(0)
    try:
        cpp_build.load(SOURCE)
    finally:
        os.umask(before)
    for created in (folder, folder.parent, folder.parent.parent):
        assert created.stat().st_mode & 0o777 == 0o700
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600


def test_builders_at_once_do_not_tear(folder: Path) -> None:
    running = [process() for _ in range(5)]
    ended = [(*each.communicate(), each.returncode) for each in running]
    assert ended == [("42\n", "", 0)] * 5
    # A compiler need not give the same bytes twice; each is whole, and the checksum fits one.
    assert len(list(folder.glob("*.so.sha256"))) == 1
    assert list(folder.glob("building-*")) == []
    assert answer() == (0, "42", "")


def test_a_folder_exchanged_after_the_check_is_not_loaded(folder: Path, evil: bytes) -> None:
    cpp_build.load(SOURCE)
    checked = cache.kept(_KEY, "so")
    assert checked is not None
    folder.parent.rename(folder.parent.with_name("away"))
    folder.mkdir(parents=True)
    checked.path.write_bytes(evil)
    assert ctypes.CDLL(str(checked.path)).answer() == 666
    if sys.platform == "linux":
        assert ctypes.CDLL(str(checked.through)).answer() == 42


def test_without_such_paths_the_folders_above_count(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_DESCRIPTORS", Path("/nowhere"))
    monkeypatch.setattr(cache, "_warned", set())
    assert cpp_build.load(SOURCE).answer() == 42
    (binary,) = folder.glob("*.so")
    folder.parent.chmod(0o777)
    with pytest.warns(RuntimeWarning, match="where others can exchange it"):
        assert cpp_build.load(SOURCE).answer() == 42
    assert binary.exists()


def test_a_cache_that_goes_meanwhile_does_no_harm(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_warned", set())

    def builder(scratch: Path) -> tuple[bytes, str]:
        shutil.rmtree(folder, ignore_errors=True)
        return b"binary", "said"

    with pytest.warns(RuntimeWarning, match="cannot be written: No such file"):
        built = cache.make("a key", "so", builder)
    assert built.through.read_bytes() == b"binary"
    assert built.log == "said"


def test_what_killed_builders_left_is_swept(folder: Path) -> None:
    code = (
        f"{LEAN}import os, signal\n"
        "cache.make('key', 'so', lambda folder: os.kill(os.getpid(), signal.SIGKILL))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    completed = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert completed.returncode == -9
    assert len(list(folder.glob("building-*"))) == 1
    cpp_build.load(SOURCE)
    assert list(folder.glob("building-*")) == []
