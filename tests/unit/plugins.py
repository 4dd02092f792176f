"""Distributions of third parties, installed for a test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from neurodeploy.target import GROUP, targets


@contextmanager
def installed(
    folder: Path, module: str, source: str, version: str = "1.0", **entries: str
) -> Iterator[None]:
    """Have a distribution of one module for a block; its targets are found by their names."""
    name = module.replace("_", "-")
    info = folder / "site" / f"{module}-{version}.dist-info"
    info.mkdir(parents=True)
    (folder / "site" / f"{module}.py").write_text(source)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{target} = {module}:{value}" for target, value in entries.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder / "site"))
        targets.cache_clear()
        try:
            yield
        finally:
            targets.cache_clear()
            sys.modules.pop(module, None)
