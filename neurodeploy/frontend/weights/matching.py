"""Weights and a module matched: by their names, or where these differ by shape and order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from neurodeploy.errors import ModelFileError

_MAP = "give the names of both with --map FILE"
# States and counters, which no network needs.
_IDLE = ("num_batches_tracked", "v_mem", "i_syn", "mem", "syn", "spk")


@dataclass(frozen=True)
class Matching:
    """The names in a file of weights, and the names in the module that they belong to."""

    pairs: tuple[tuple[str, str], ...]
    # Pairs whose names differ.
    renamed: tuple[tuple[str, str], ...]
    # Names in the file that nothing reads, and names of the module that keep their values.
    unused: tuple[str, ...]
    kept: tuple[str, ...]

    def fill(self, module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
        """Copy the weights into the module."""
        values = module.state_dict()
        module.load_state_dict(values | {ours: tensors[theirs] for theirs, ours in self.pairs})

    def sentences(self) -> list[str]:
        """Return what a reader should check."""
        lines = [f"{theirs} is read as {ours}" for theirs, ours in self.renamed]
        if self.unused:
            lines.append(f"not read: {', '.join(self.unused)}")
        if self.kept:
            lines.append(f"not in the file, as the module has them: {', '.join(self.kept)}")
        return lines


def matched(
    tensors: Mapping[str, Tensor], module: nn.Module, names: Mapping[str, str] | None = None
) -> Matching:
    """Return which tensor of a file belongs to which of the module's.

    `names` gives names of the module by names of the file, before any others are matched.

    Raises:
        ModelFileError: if weights are missing, have another shape, or could be matched in two ways.
    """
    shapes = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    pairs = dict(names or {})
    for theirs, ours in pairs.items():
        if theirs not in tensors or ours not in shapes:
            missing = theirs if theirs not in tensors else ours
            raise ModelFileError(f"--map: there is no {missing}", remedy=_MAP)
    prefix = _wrapper(tensors, shapes)
    for theirs in tensors:
        if (ours := theirs.removeprefix(prefix)) in shapes and theirs not in pairs:
            pairs[theirs] = ours
    for theirs, ours in pairs.items():
        if tuple(tensors[theirs].shape) != shapes[ours] and not _is_idle(ours):
            raise ModelFileError(
                f"{theirs}: is {tuple(tensors[theirs].shape)}, and the module's {ours} "
                f"{shapes[ours]}",
                remedy="build the module as it was trained",
            )
    pairs = {n: o for n, o in pairs.items() if tuple(tensors[n].shape) == shapes[o]}
    used = set(pairs.values())
    open_theirs = {n: tuple(t.shape) for n, t in tensors.items() if n not in pairs}
    open_ours = {name: shape for name, shape in shapes.items() if name not in used}
    pairs |= _by_shape(open_theirs, open_ours)
    unwrapped = {theirs: theirs.removeprefix(prefix) for theirs in tensors}
    return _complete(pairs, list(tensors), shapes, unwrapped | dict(names or {}))


def _wrapper(tensors: Iterable[str], shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Return the prefix of every name without which all are the module's, if there is one.

    Lightning puts `model.` there, or the attribute under which a user keeps the network.
    """
    names, prefix = [name for name in tensors if not _is_idle(name)], ""
    while not all(name.removeprefix(prefix) in shapes for name in names):
        first, dot, _ = names[0].removeprefix(prefix).partition(".")
        prefix += first + dot
        if not dot or not all(name.startswith(prefix) for name in names):
            return ""
    return prefix


def _by_shape(
    theirs: Mapping[str, tuple[int, ...]], ours: Mapping[str, tuple[int, ...]]
) -> dict[str, str]:
    """Return pairs of the same last name and shape, in the order of both.

    Raises:
        ModelFileError: if both have different numbers of them, or the orders contradict.
    """
    groups: dict[tuple[str, tuple[int, ...]], tuple[list[str], list[str]]]
    groups = defaultdict(lambda: ([], []))
    for side, names in enumerate((theirs, ours)):
        for name, shape in names.items():
            if not _is_idle(name) and shape:
                groups[name.rpartition(".")[2], shape][side].append(name)
    pairs: dict[str, str] = {}
    for (last, shape), (first, second) in groups.items():
        if first and second and len(first) != len(second):
            raise ModelFileError(
                f"the file has {len(first)} tensors {last} {shape} and the module "
                f"{len(second)}: {', '.join(first)}; {', '.join(second)}",
                remedy=_MAP,
            )
        pairs |= dict(zip(first, second, strict=False))
    positions = {name: index for index, name in enumerate(ours)}
    order = [positions[pairs[name]] for name in theirs if name in pairs]
    if order != sorted(order):
        raise ModelFileError(
            "the file's tensors and the module's come in different orders, so that their shapes "
            "do not tell which belong together",
            remedy=_MAP,
        )
    return pairs


def _complete(
    pairs: dict[str, str],
    tensors: list[str],
    shapes: Mapping[str, tuple[int, ...]],
    named: Mapping[str, str],
) -> Matching:
    used = set(pairs.values())
    left = [name for name in shapes if name not in used and not _is_idle(name)]
    # A number, such as a threshold, stays what the module has.
    if missing := [name for name in left if shapes[name]]:
        raise ModelFileError(
            f"the file has no {', '.join(missing[:8])}"
            + (f" and {len(missing) - 8} more" if len(missing) > 8 else ""),
            remedy=f"build the module as it was trained, or {_MAP}",
        )
    renamed = [(n, o) for n, o in pairs.items() if n != o and named.get(n) != o]
    unused = [name for name in tensors if name not in pairs]
    return Matching(tuple(pairs.items()), tuple(renamed), tuple(unused), tuple(left))


def _is_idle(name: str) -> bool:
    return name.rpartition(".")[2] in _IDLE
