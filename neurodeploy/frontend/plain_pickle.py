"""A pickle of plain data and tensors, read by a small machine that calls nothing a file names.

torch's own reader trusts the sizes that a file claims, and accepts any shared or nested parts. This
one knows twenty-odd operations, and runs a bounded number of them.
"""

from __future__ import annotations

import pickletools
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# The limit of operations; a description of a thousand layers has a tenth of them.
OPERATIONS = 1 << 18


class ForeignObjectError(ValueError):
    """A pickle that names something other than plain data or a tensor."""


@dataclass(frozen=True)
class StorageEntry:
    """The numbers that a pickle attributes to a record of the archive."""

    kind: str
    key: str
    count: int


@dataclass(frozen=True)
class TensorEntry:
    """A tensor as a pickle describes it: a view of a storage."""

    storage: StorageEntry
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


@dataclass(frozen=True)
class _Name:
    """The name of something that a pickle would import."""

    path: str


def plain_data(content: bytes) -> tuple[Any, int]:
    """Return the content of a pickle, with tensors as entries, and its number of operations.

    Raises:
        ForeignObjectError: if it names anything but tensors and dictionaries.
        ValueError: if it is damaged, or too long.
    """
    machine, number = _Machine(), 0
    try:
        for number, (opcode, argument, _) in enumerate(pickletools.genops(content), 1):
            if number > OPERATIONS:
                raise ValueError(f"it has more than {OPERATIONS:,} operations")
            machine.take(opcode.name, argument)
        return machine.result(), number
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"operation {number} is damaged: {error}") from error


class _Machine:
    """The stack of values, and the values that were stored for later use."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def take(self, name: str, argument: Any) -> None:
        """Execute one operation."""
        if name in _VALUES:
            self.stack.append(_VALUES[name]())
        elif name in _ARGUMENTS:
            self.stack.append(_checked(argument))
        elif name in _OPERATIONS:
            _OPERATIONS[name](self, argument)
        else:
            raise ForeignObjectError(f"the operation {name}")

    def result(self) -> Any:
        """Return the one value that is left."""
        if len(self.stack) != 1 or self.marks:
            raise ValueError("it does not end in one value")
        return self.stack[0]

    def marked(self) -> list[Any]:
        """Remove and return the values since the last mark."""
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def several(self, count: int) -> list[Any]:
        """Remove and return `count` values."""
        if len(self.stack) < count:
            raise LookupError("there are too few values")
        values = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return values


def _checked(value: Any) -> Any:
    if isinstance(value, str):
        # Half of a surrogate pair raises a ValueError here.
        _ = value.isascii() or value.encode()
    elif isinstance(value, int) and value.bit_length() > 64:
        raise ValueError(f"an integer of {value.bit_length()} bits")
    return value


def _append(machine: _Machine, values: list[Any]) -> None:
    if type(machine.stack[-1]) is not list:
        raise TypeError("values are appended to something other than a list")
    machine.stack[-1].extend(values)


def _set(machine: _Machine, values: list[Any]) -> None:
    if not isinstance(machine.stack[-1], dict):
        raise TypeError("members are set of something other than a dictionary")
    for key, value in zip(values[::2], values[1::2], strict=True):
        # Looking up a tuple can take for ever, because its parts may be shared without end.
        if not isinstance(key, str | int):
            raise TypeError(f"a {type(key).__name__} is not a key")
        machine.stack[-1][key] = value


def _tuple(machine: _Machine, values: list[Any]) -> None:
    machine.stack.append(tuple(values))


def _global(machine: _Machine, path: str) -> None:
    if path not in _CALLED and not (path.startswith("torch ") and path.endswith("Storage")):
        raise ForeignObjectError(path)
    machine.stack.append(_Name(path))


def _reduce(machine: _Machine, _: Any) -> None:
    name, arguments = machine.several(2)
    if not isinstance(name, _Name) or name.path not in _CALLED:
        raise ForeignObjectError(name.path if isinstance(name, _Name) else "a call of a value")
    machine.stack.append(_CALLED[name.path](*arguments))


def _build(machine: _Machine, _: Any) -> None:
    (state,) = machine.several(1)
    holder = machine.stack[-1]
    # torch stores each module's version beside the tensors of a network.
    versions = state.get("_metadata") if isinstance(state, dict) and len(state) == 1 else None
    if not isinstance(holder, OrderedDict) or not isinstance(versions, dict):
        raise ForeignObjectError("the state of an object")
    if all(isinstance(entry, dict) for entry in versions.values()):
        setattr(holder, "_metadata", versions)  # noqa: B010


def _storage(machine: _Machine, _: Any) -> None:
    (identity,) = machine.several(1)
    tag, kind, key, _, count = identity
    if tag != "storage" or not isinstance(kind, _Name) or not isinstance(key, str):
        raise TypeError("a reference does not lead to a storage")
    machine.stack.append(StorageEntry(kind.path, key, _whole_number(count)))


def _dictionary() -> OrderedDict[Any, Any]:
    return OrderedDict()


def _tensor(
    storage: Any, offset: Any, shape: Any, stride: Any, _: Any, hooks: Any, *more: Any
) -> TensorEntry:
    if not isinstance(storage, StorageEntry) or hooks or any(more):
        raise TypeError("a tensor is not a plain one")
    lengths, steps = tuple(map(_whole_number, shape)), tuple(map(_whole_number, stride))
    return TensorEntry(storage, _whole_number(offset), lengths, steps)


def _parameter(tensor: Any, _: Any, hooks: Any) -> TensorEntry:
    if not isinstance(tensor, TensorEntry) or hooks:
        raise TypeError("a parameter is not a plain one")
    return tensor


def _shape(lengths: Any) -> tuple[int, ...]:
    return tuple(map(_whole_number, lengths))


def _whole_number(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 62:
        # The message leaves out the value's text, which shared parts can make endless.
        raise TypeError(f"a {type(value).__name__} where a size belongs, or one out of range")
    return value


def _put(machine: _Machine, index: int) -> None:
    machine.memo[index] = machine.stack[-1]


_VALUES: Mapping[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
}
_INTEGERS = ("BININT", "BININT1", "BININT2", "LONG1", "LONG4")
_TEXTS = ("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8")
_ARGUMENTS = frozenset((*_INTEGERS, *_TEXTS, "BINFLOAT"))
_CALLED: Mapping[str, Callable[..., Any]] = {
    "collections OrderedDict": _dictionary,
    "torch._utils _rebuild_tensor_v2": _tensor,
    "torch._utils _rebuild_parameter": _parameter,
    "torch Size": _shape,
}
_OPERATIONS: Mapping[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "STOP": lambda machine, _: None,
    "MARK": lambda machine, _: machine.marks.append(len(machine.stack)),
    "APPEND": lambda machine, _: _append(machine, machine.several(1)),
    "APPENDS": lambda machine, _: _append(machine, machine.marked()),
    "SETITEM": lambda machine, _: _set(machine, machine.several(2)),
    "SETITEMS": lambda machine, _: _set(machine, machine.marked()),
    "TUPLE": lambda machine, _: _tuple(machine, machine.marked()),
    "TUPLE1": lambda machine, _: _tuple(machine, machine.several(1)),
    "TUPLE2": lambda machine, _: _tuple(machine, machine.several(2)),
    "TUPLE3": lambda machine, _: _tuple(machine, machine.several(3)),
    "BINPUT": _put,
    "LONG_BINPUT": _put,
    "MEMOIZE": lambda machine, _: _put(machine, len(machine.memo)),
    "BINGET": lambda machine, index: machine.stack.append(machine.memo[index]),
    "LONG_BINGET": lambda machine, index: machine.stack.append(machine.memo[index]),
    "GLOBAL": _global,
    "STACK_GLOBAL": lambda machine, _: _global(machine, " ".join(machine.several(2))),
    "REDUCE": _reduce,
    "BUILD": _build,
    "BINPERSID": _storage,
}
