"""Slayer's blocks become layers of ours with the same spikes and voltages, or are refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from neurodeploy.sandbox import install
from targets.loihi.simulators.simulate import LAVA
from tests.packaging.tree import ROOT

WORKER = "tests.conformance.frameworks.slayer_worker"


@pytest.fixture(scope="module")
def slayer(tmp_path_factory: pytest.TempPathFactory, full: bool) -> dict[str, Any]:
    """The results of slayer's networks and of ours, in a process that has both."""
    install(LAVA)
    (package,) = LAVA.path.glob("lib/python*/site-packages/lava")
    folder = tmp_path_factory.mktemp("lava")
    (folder / "lava").symlink_to(package)
    environment = os.environ | {"PYTHONPATH": _path(folder), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", WORKER, str(12 if full else 1)]
    process = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr[-2000:]
    results: dict[str, Any] = json.loads(process.stdout)
    return results


def _path(folder: Path) -> str:
    return os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")]), str(folder)])


def test_blocks_compute_the_same(slayer: dict[str, Any]) -> None:
    taken = slayer["taken"]
    assert len(taken) >= 11
    assert {name: each["parting"] for name, each in taken.items() if each["parting"]} == {}
    assert {name for name, each in taken.items() if each["rounding"] or not each["loaded"]} == set()
    assert {name for name, each in taken.items() if each["spikes"] < 50} == set()


def test_another_threshold_is_seen(slayer: dict[str, Any]) -> None:
    assert [name for name, each in slayer["taken"].items() if not each["seen"]] == []


def test_the_rest_is_refused_by_name(slayer: dict[str, Any]) -> None:
    refused = slayer["refused"]
    assert len(refused) == 7
    assert {name: words for name, words in refused.items() if "lava's" not in words} == {}
    assert all(words.endswith(")") for words in refused.values())


def test_slayer_is_not_imported_by_ours(slayer: dict[str, Any]) -> None:
    assert slayer["absent"]
