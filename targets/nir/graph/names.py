"""Names of NIR's nodes: those of the layers, in letters that every receiver takes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from neurodeploy.errors import DoesNotFitError
from targets.nir.file.tree import LONGEST_NAME


class Names:
    """Unique names, each given out once."""

    def __init__(self, names: Iterable[str]) -> None:
        self._used: set[str] = set()
        self.of = {name: self.new(name) for name in names}

    def new(self, name: str) -> str:
        """Return a name that is like this one, and no other's.

        Raises:
            DoesNotFitError: if it would be longer than the names in files that are read.
        """
        word = re.sub(r"\W", "_", name, flags=re.ASCII) or "node"
        number, unique = 1, word
        while unique in self._used:
            number += 1
            unique = f"{word}_{number}"
        if len(unique) > LONGEST_NAME:
            raise DoesNotFitError(
                f"{name:.40}...: is a name of {len(unique)} letters in the file, and NIR files "
                f"are read with names of at most {LONGEST_NAME}",
                remedy="give the layer a shorter name",
            )
        self._used.add(unique)
        return unique
