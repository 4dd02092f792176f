"""The family of a process: descendants, wherever their session is, and members of its session."""

import os
import subprocess
import sys

import psutil
import pytest

from neurodeploy.sandbox.process import family as families
from neurodeploy.sandbox.process.family import family
from tests.unit.neurodeploy.sandbox.helpers import processes_with, wait_until

# A parent whose name has spaces and parentheses, a child, and a child that leads a session.
_INNER = "import time; print(flush=True); time.sleep(600)"
_OUTER = f"""
import subprocess, sys
if sys.platform == "linux":
    open("/proc/self/comm", "w").write("a) S 1 (b")
started = [
    subprocess.Popen([sys.executable, "-c", {_INNER!r}], start_new_session=alone)
    for alone in (False, True)
]
for each in started:
    each.wait()
"""


@pytest.mark.parametrize("listing", ["/proc", "/nowhere"])
def test_descendants_and_the_session_are_the_family(
    listing: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux's own listing says what psutil says, which other systems have."""
    monkeypatch.setattr(families, "_PROC", listing)
    with subprocess.Popen(
        [sys.executable, "-c", _OUTER], stdout=subprocess.PIPE, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        for _ in range(2):
            parent.stdout.readline()
        children = psutil.Process(parent.pid).children()
        members = family(parent.pid)
        parent.kill()
        wait_until(lambda: all(child.ppid() != parent.pid for child in children))
        orphans = family(parent.pid)
        for child in children:
            child.kill()
        parent.wait()
        wait_until(lambda: processes_with(token) == [])
    assert len(children) == 2
    assert members == {parent.pid, *(child.pid for child in children)}
    # Whoever stayed in the session still belongs to it.
    (stayed,) = orphans - {parent.pid}
    assert stayed in {child.pid for child in children}
    assert os.getpid() not in members
