"""The names for a few lines of CUDA, and errors that count the lines of these."""

from __future__ import annotations

import re
from collections.abc import Sequence

# The names that C++ and the text around a body already use.
_TAKEN = frozenset(
    re.findall(
        r"\w+",
        """
        alignas asm auto bool break case catch char class const constexpr continue default delete
        do double else enum explicit extern false float for friend goto half if inline int long
        namespace new operator private protected public register return short signed sizeof static
        struct switch template this throw true try typedef typename union unsigned using virtual
        void volatile while
        lane state input parameter fired incoming flowing share learned first size
        """,
    )
)


def check_names(where: str, *groups: Sequence[str]) -> None:
    """Check that the names differ and that a body may use them.

    Raises:
        ValueError: otherwise.
    """
    names = [name for group in groups for name in group]
    for name in names:
        if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) or name in _TAKEN:
            raise ValueError(f"{where}: {name!r} cannot be a name here (choose another)")
        if names.count(name) > 1:
            raise ValueError(f"{where}: the name {name} is used twice")


def placed(body: str, where: str) -> str:
    """Mark a body so that the compiler's errors count its own lines.

    Raises:
        ValueError: if it has a sign that CUDA has not.
    """
    if "@" in body:
        raise ValueError(f"{where}: the body has an @, which CUDA does not use")
    return f'#line 1 "{where}"\n{body.strip(chr(10))}\n#line 1 "around {where}"'


def mentions(body: str, name: str) -> bool:
    """Return whether the body uses the name."""
    return re.search(rf"\b{name}\b", body) is not None
