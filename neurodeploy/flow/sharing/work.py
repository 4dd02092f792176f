"""The words that tasks and their workers share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

# Plain data. `files` names the files that the work reads, on this machine; `digests` what is in
# them. What is kept is known by the digests, wherever the files lie.
Item = Mapping[str, Any]
Work = Callable[[Item], dict[str, Any]]
Said = Callable[[str], None]
Computed = Iterator[tuple[int, dict[str, Any]]]
# How often a task runs whose worker is lost.
TRIES = 3
