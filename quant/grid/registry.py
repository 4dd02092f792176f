"""Formats by name: those of installed packages, and plain integers.

A package registers its chip's formats in the entry-point group `quant.formats`: a `ChipFormat`, or
a tuple of them, in which the chip's own format comes first and its variants, `chip.variant`,
follow.
The entry `default` names the chip whose formats layers have by default.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points

from quant.grid.formats import ChipFormat
from quant.grid.integers import GRADED, SHIFT, integer_format
from snncore.dynamics import NumberSystem

GROUP = "quant.formats"
DEFAULT = "default"
_INTEGERS = re.compile(rf"int(\d+)({re.escape(GRADED)})?")


class Catalogue:
    """The formats that packages register, each loaded on first use."""

    def __init__(self, entries: Iterable[EntryPoint]) -> None:
        self._entries = {entry.name: entry for entry in entries}
        self._loaded: dict[str, tuple[ChipFormat, ...]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The registered chips, sorted."""
        return tuple(sorted(set(self._entries) - {DEFAULT}))

    def formats(self, entry: str) -> tuple[ChipFormat, ...]:
        """Return an entry's formats, its own first, or nothing if no such entry works."""
        if entry in self._entries and entry not in self._loaded:
            # While an entry loads it has no formats, so that two cannot wait for one another.
            self._loaded[entry] = ()
            self._loaded[entry] = self._load(self._entries[entry])
        return self._loaded.get(entry, ())

    def _load(self, entry: EntryPoint) -> tuple[ChipFormat, ...]:
        try:
            registered = entry.load()
            forms = registered if isinstance(registered, tuple) else (registered,)
            if not forms or not all(isinstance(form, ChipFormat) for form in forms):
                raise TypeError("it is neither a ChipFormat nor a tuple of them")
            for form in forms:
                self._require_own_name(entry, form)
        # A third party's package may raise anything, and even exit.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            warnings.warn(f"format {entry.name} is broken: {error!r}", stacklevel=2)
            return ()
        return forms

    def _require_own_name(self, entry: EntryPoint, form: ChipFormat) -> None:
        """Check that a format's name, which files keep, leads back to it."""
        if _chip_of(form.name) == entry.name:
            return
        try:
            registered = _by_name(self, form.name)
        except ValueError:
            registered = None
        if registered != form:
            raise ValueError(
                f"its format is called {form.name!r} (call it {entry.name!r}, or "
                f"'{entry.name}.' and the name of the variant)"
            )


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """Return the formats of the packages that are installed."""
    return Catalogue(sorted(entry_points(group=GROUP), key=lambda each: each.name))


def chip_format(name: str | ChipFormat | dict[str, object]) -> ChipFormat:
    """Return a format by its name: an installed chip's, `shift16`, or `int2` to `int16`.

    Raises:
        ValueError: if there is none of that name; lists those there are.
    """
    if isinstance(name, ChipFormat):
        return name
    if isinstance(name, dict):
        return ChipFormat.from_json(name)
    return _by_name(catalogue(), name)


def format_or_default(form: object, neuron: str = "") -> ChipFormat:
    """Return the given format, or for None the default one that has neurons of this name.

    Raises:
        ValueError: if there is none of that name, or no default.
    """
    if form is not None:
        if not isinstance(form, str | ChipFormat | dict):
            raise ValueError(f"format: {form!r} is neither a name nor a ChipFormat")
        return chip_format(form)
    forms = catalogue().formats(DEFAULT)
    if not forms:
        raise ValueError(
            f"format: no default is installed (name one: {_listed(catalogue())}; or install "
            "neurodeploy again, which registers one)"
        )
    return next((each for each in forms if neuron in each.neurons), forms[0])


def format_with(system: NumberSystem, neuron: str) -> ChipFormat | None:
    """Return the installed format of a number system that has neurons of this name, if any."""
    forms = _installed(first=_chip_of(system.name))
    return next((form for form in forms if form.system == system and neuron in form.neurons), None)


def graded_format(form: ChipFormat) -> ChipFormat:
    """Return the format of layers that read an encoder's integers: a variant, if there is one.

    It is called `chip.graded`.
    """
    if form != _registered(form.name):
        return form
    return _registered(f"{form.name.removesuffix(GRADED)}{GRADED}") or form


def named(form: ChipFormat) -> str | dict[str, object]:
    """Return a format as a file stores it: its name if that says all, else its description."""
    return form.name if _registered(form.name) == form else form.to_json()


def _registered(name: str) -> ChipFormat | None:
    try:
        return chip_format(name)
    except ValueError:
        return None


def _installed(first: str) -> Iterator[ChipFormat]:
    """Yield every installed chip's formats, those of one chip before all others."""
    chips = catalogue()
    for name in (first, *(name for name in chips.names if name != first)):
        yield from chips.formats(name)


def _by_name(chips: Catalogue, name: str) -> ChipFormat:
    if name == SHIFT.name:
        return SHIFT
    integers = _INTEGERS.fullmatch(name)
    if integers is not None:
        return integer_format(int(integers[1]), bool(integers[2]))
    forms = chips.formats(name)
    if forms:
        return forms[0]
    for form in chips.formats(_chip_of(name)):
        if form.name == name:
            return form
    raise ValueError(f"no format {name!r}; there are {_listed(chips)}")


def _listed(chips: Catalogue) -> str:
    return ", ".join((*chips.names, SHIFT.name, "int2 to int16"))


def _chip_of(name: str) -> str:
    return name.partition(".")[0]
