"""The checks that `prepare` runs before training; packages that know a target register them."""

from __future__ import annotations

import sys
import warnings
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points

from torch import Tensor, nn

GROUP = "quant.checks"


def require_taken(network: nn.Module, example: Tensor | None, target: str) -> None:
    """Run every installed check of whether a target can accept a prepared network.

    A check is a function of the network, the example and the target's name. It ignores targets that
    it does not know.

    Raises:
        ValueError: if a check finds that the target cannot; the check names the layer.
    """
    for entry in _installed(tuple(map(str, sys.path))):
        try:
            check = entry.load()
        # A third party's package may raise anything, and even exit.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            warnings.warn(f"check {entry.name} is broken: {error!r}", stacklevel=3)
            continue
        check(network, example, target)


@lru_cache(maxsize=1)
def _installed(path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Return the checks of the packages on this path, which are looked for once."""
    return tuple(sorted(entry_points(group=GROUP), key=lambda each: each.name))
