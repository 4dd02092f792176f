"""The site, built once a run of tests, whichever processes ask for it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from tests.packaging.tree import ROOT


def built(base: Path) -> Path:
    """Return the folder of the site; `base` is pytest's folder of this process."""
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "site"
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            build(folder)
    return folder


def build(folder: Path, configuration: Path = ROOT / "mkdocs.yml") -> None:
    """Build the site into a folder, with warnings as errors."""
    words = ("build", "--quiet", "--strict", "-f", str(configuration), "--site-dir", str(folder))
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", *words],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr, done.stderr
