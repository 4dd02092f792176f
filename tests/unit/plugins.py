"""Distributions of third parties, installed for a test."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from neurodeploy.target import GROUP, targets
from quant.grid import registry


@contextmanager
def installed(
    folder: Path,
    module: str,
    source: str,
    version: str = "1.0",
    formats: Mapping[str, str] | None = None,
    **entries: str,
) -> Iterator[None]:
    """Have a distribution of one module for a block: its targets and formats by their names."""
    name = module.replace("_", "-")
    info = folder / "site" / f"{module}-{version}.dist-info"
    info.mkdir(parents=True)
    (folder / "site" / f"{module}.py").write_text(source)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = {GROUP: entries, registry.GROUP: formats or {}}
    lines: list[str] = []
    for group, registered in groups.items():
        lines += [f"[{group}]", *(f"{key} = {module}:{value}" for key, value in registered.items())]
    (info / "entry_points.txt").write_text("\n".join([*lines, ""]))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder / "site"))
        _forget()
        try:
            yield
        finally:
            _forget()
            sys.modules.pop(module, None)


def _forget() -> None:
    """Let the next question look for distributions again."""
    targets.cache_clear()
    registry.catalogue.cache_clear()
