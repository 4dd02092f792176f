"""Thousands of changed files for the readers, and misbehaving readers for the harness."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# `make fuzz` reads 100,000.
COUNT = 2002

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="children need limits that only Linux keeps"
)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a module in its own process, which has no other threads when it forks."""
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.timeout(1200)
def test_every_reader_takes_a_changed_file_or_refuses_it(tmp_path: Path) -> None:
    report = tmp_path / "result.json"
    done = run("tests.fuzz", "--count", str(COUNT), "--json", str(report))
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(report.read_text("utf-8"))
    assert result["findings"] == []
    assert len(result["readers"]) == 16
    for name, counts in result["readers"].items():
        # Changes that are never noticed, or always at once, prove nothing.
        assert set(counts) == {"accepted", "refused"}, name
        assert counts["refused"] > 20, name
        assert sum(counts.values()) >= COUNT // 16


CONTROLS = {
    "refuses": ("refused", "is damaged"),
    "names_no_file": ("nameless", "it is damaged"),
    "raises": ("unexpected", "KeyError at controls.py"),
    "leaves": ("unexpected", "SystemExit"),
    "sleeps": ("hang", "SIGKILL"),
    "works": ("hang", "SIGPROF"),
    "counts": ("hang", "SIGPROF"),
    "allocates": ("memory", "MemoryError"),
    "crashes": ("crash", "SIGSEGV"),
    "exits": ("crash", "exit 3"),
    "makes_nothing": ("harness", "SIGSEGV"),
}


def test_a_reader_that_misbehaves_is_noticed() -> None:
    done = run("tests.fuzz.controls")
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert set(results) == set(CONTROLS)
    for name, (kind, words) in CONTROLS.items():
        # The input after one that ended the child is read as well.
        assert [[seed, what] for seed, what, _ in results[name]] == [[7, kind], [8, kind]], name
        assert all(words in said for _, _, said in results[name]), results[name]


def test_an_input_can_be_repeated(tmp_path: Path) -> None:
    done = run("tests.fuzz", "--repeat", "samples.npy", "3", "3")
    first, said, second, again = done.stdout.splitlines()
    assert said.split(" in ")[0] == again.split(" in ")[0] in ("accepted", "refused")
    files = [Path(first), Path(second)]
    assert files[0] != files[1]
    assert files[0].read_bytes() == files[1].read_bytes()
