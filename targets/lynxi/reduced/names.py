"""Names that every form's files can hold."""

from __future__ import annotations

import re
from collections.abc import Iterable


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """Return a unique identifier for every name, similar to the name."""
    labels: dict[str, str] = {}
    for name in names:
        plain = re.sub(
            r"\W", "_", name.replace("-1/2", "_below").replace("+1/2", "_above"), flags=re.A
        )
        label = plain if plain[:1].isalpha() else f"n_{plain}"
        while label in labels.values():
            label += "_"
        labels[name] = label
    return labels
