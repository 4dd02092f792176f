"""The source tree as the packaging tests see it."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("neurodeploy", "quant", "snncore", "targets")
FOLDERS = (*PACKAGES, "benchmarks", "docs", "examples", "tests")


def files(*folders: str, suffix: str = "") -> Iterator[Path]:
    """Every file of these folders, but what Python itself leaves there."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob(f"*{suffix}")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
