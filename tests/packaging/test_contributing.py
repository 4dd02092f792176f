"""The table of CONTRIBUTING.md: how many files a new kind of something touches, counted."""

import re
from dataclasses import dataclass

import pytest

from tests.packaging.tree import PACKAGES, ROOT, files


@dataclass(frozen=True)
class Row:
    """A possible addition: the example that is counted, the rooms, and the most files it may touch.

    A file counts if its code or words name the example. Doors (`__init__.py`) do not count:
    each is one line. Nor do tests, and so the networks of the kit that is shipped, nor the readers
    of other frameworks' modules: a neuron works without being known there.
    """

    example: str
    rooms: tuple[str, ...]
    most: int


# Models use layers as anybody does, and each target takes a kind in files of its own.
ROWS = {
    "a layer kind": Row("MaxPool2d", ("neurodeploy", "snncore/layer"), 8),
    "a neuron of the zoo": Row("AdaptiveLIF", PACKAGES, 2),
    "a neuron of one chip": Row(r"\w*[Rr]esonator\w*", PACKAGES, 8),
    "a target": Row("[Ll]ynxi", ("neurodeploy", "quant", "snncore"), 0),
    "a command": Row("quantize", ("neurodeploy/cli",), 2),
}


_BESIDE = ("neurodeploy/testing", "neurodeploy/frontend/foreign")


def naming(row: Row) -> set[str]:
    """Return the files that name a row's example."""
    word = re.compile(rf"(?<![A-Za-z]){row.example}(?![A-Za-z])")
    return {
        path.relative_to(ROOT).as_posix()
        for path in files(*row.rooms, suffix=".py")
        if path.name not in ("__init__.py", "examples.py")
        and not any(path.is_relative_to(ROOT / room) for room in _BESIDE)
        and word.search(path.read_text("utf-8"))
    }


def table() -> dict[str, int]:
    """Return the counts that CONTRIBUTING.md states."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rows = re.findall(r"^\| (a [a-z ]+?) \| `?[\w\[\]]+`? \| (\d+) \|", text, re.MULTILINE)
    return {what: int(count) for what, count in rows}


@pytest.mark.parametrize("what", ROWS)
def test_the_count_is_true_and_small(what: str) -> None:
    row = ROWS[what]
    counted = naming(row)
    assert len(counted) == table()[what], sorted(counted)
    assert len(counted) <= row.most, sorted(counted)


def test_the_table_has_these_rows() -> None:
    assert table().keys() == ROWS.keys()


def test_an_example_that_is_nowhere_counts_nothing() -> None:
    """The control: the count follows the text."""
    assert naming(Row("NoSuchKindAnywhere", PACKAGES, 0)) == set()
    assert naming(Row("MaxPool2d", ("snncore/layer",), 8)) == {"snncore/layer/pool.py"}
