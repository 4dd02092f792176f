"""The checks that prepare asks before training: whoever knows a target stands behind this door."""

from __future__ import annotations

import warnings
from importlib.metadata import entry_points

from torch import Tensor, nn

GROUP = "quant.checks"


def require_taken(network: nn.Module, example: Tensor | None, target: str) -> None:
    """Ask every installed check whether a target can take a prepared network.

    A check is a function of the network, the example and the target's name. It says nothing of
    targets that it does not know.

    Raises:
        ValueError: if a check finds that the target cannot; the check names the layer.
    """
    for entry in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        try:
            check = entry.load()
        # A third party's package may raise anything, and even leave.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            warnings.warn(f"check {entry.name} is broken: {error!r}", stacklevel=3)
            continue
        check(network, example, target)
