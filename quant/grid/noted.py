"""Checks whose outcome stays on the GPU until it arrives by itself or is asked for.

To fetch it at once would make every training step wait for the GPU.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.util import find_spec
from math import ceil, inf, log2
from typing import Any

import torch
from torch import Tensor

from snncore.kernels.triton.launch import Launch
from snncore.kernels.triton.shape import TritonConfig

# The number of checks that one device keeps apart; later ones share the last flag.
_PLACES = 256
# The number of checks between two looks.
_BETWEEN = 64
# A program of the kernel looks at so many values at a time, so often.
_VALUES, _PARTS = 1024, 8


# What to do when inputs grow.
GREW = "of what it had been given: its sums may have been inexact since (continue from here)"


class _Board:
    """The outcomes on one device: a place each, zero while all is well."""

    def __init__(self, device: torch.device) -> None:
        # A kernel starts sooner on places that are aligned.
        self.flags = torch.zeros((_PLACES, 4), dtype=torch.int32, device=device)
        self._places: dict[str, tuple[int, Tensor]] = {}
        self._copy: Tensor | None = None
        self._arrived: Any = None
        self._calls = 0

    def flag(self, message: str) -> Tensor:
        """Return where a check's outcome is written."""
        if message not in self._places:
            number = min(len(self._places), _PLACES - 1)
            self._places[message] = number, self.flags[number, :1]
        return self._places[message][1]

    def look(self) -> None:
        """Raise what has arrived by now, and send for more from time to time.

        Raises:
            ValueError: if a check has failed.
        """
        self._calls += 1
        if self._arrived is not None and self._copy is not None:
            # A graph that is being captured may not ask.
            if _may_send(self.flags) and self._arrived.query():
                self._arrived = None
                self._raise(self._copy)
        elif self._calls % _BETWEEN == 0 and _may_send(self.flags):
            if self._copy is None:
                self._copy = torch.empty(self.flags.shape, dtype=torch.int32, pin_memory=True)
            self._copy.copy_(self.flags, non_blocking=True)
            self._arrived = torch.cuda.Event()
            self._arrived.record()

    def require(self) -> None:
        """Wait for all checks.

        Raises:
            ValueError: if one has failed.
        """
        self._arrived = None
        self._raise(self.flags.cpu())

    def _raise(self, flags: Tensor) -> None:
        if not bool(flags.any()):
            return
        failed = [text for text, (number, _) in self._places.items() if bool(flags[number, 0])]
        self.flags.zero_()
        raise ValueError("; ".join(failed))


def _may_send(flags: Tensor) -> bool:
    """Return whether a copy may be sent for or asked for: not while a graph is captured."""
    return flags.is_cuda and not torch.cuda.is_current_stream_capturing()


_boards: dict[int | None, _Board] = {}


def assumed(measured: float, promised: float, room: float) -> float:
    """Return the largest input to assume from now on: the promised one, or one with some room."""
    if measured <= promised:
        return promised
    return max(room, 2.0 ** ceil(log2(4 * measured))) if measured < inf else measured


def is_deferred(x: Tensor) -> bool:
    """Return whether checks of this tensor are noted on its device, not raised at once."""
    return x.is_cuda


def promise(x: Tensor, most: float) -> None:
    """Mark a result as proved to be at most this large, until it is changed in place."""
    if not x.is_inference():
        vars(x)["_promised"] = x._version, most


def keep_promise(x: Tensor, same: Tensor) -> None:
    """Mark another view of the same values as `x` is marked."""
    promised = _promised(x)
    if promised < inf:
        promise(same, promised)


def is_promised(x: Tensor, most: float) -> bool:
    """Return whether no value needs to be looked at to know that it is at most this large."""
    return _promised(x) <= most


def _promised(x: Tensor) -> float:
    version, most = vars(x).get("_promised", (-1, inf))
    return most if not x.is_inference() and x._version == version else inf


def note_largest(x: Tensor, most: float, message: str) -> None:
    """Note on its device whether a value is NaN or larger than `most`; raise what was noted before.

    Raises:
        ValueError: if a check before this one has failed.
    """
    board = _board(x.device)
    board.look()
    if not x.numel():
        return
    flag = board.flag(message)
    if has_triton():
        values = x.detach().view(torch.uint8) if x.dtype == torch.bool else x.detach()
        _noting(values.numel(), most)((values.contiguous(), flag))
        return
    low, high = torch.aminmax(x.detach())
    flag.logical_or_(~((low >= -most) & (high <= most)))


def flag_of(x: Tensor, message: str) -> Tensor:
    """Return where a kernel writes 1 if its check fails; raise what was noted before.

    Raises:
        ValueError: if a check before this one has failed.
    """
    board = _board(x.device)
    board.look()
    return board.flag(message)


def require_noted() -> None:
    """Raise what the checks on all GPUs have found until now, and wait for them.

    Raises:
        ValueError: if a check has failed.
    """
    for board in _boards.values():
        board.require()


def _board(device: torch.device) -> _Board:
    if device.index not in _boards:
        _boards[device.index] = _Board(device)
    return _boards[device.index]


@lru_cache(maxsize=4096)
def _noting(count: int, most: float) -> Launch:
    from snncore.kernels.triton.grid import note

    parts = _PARTS if count > _PARTS * _VALUES else 1
    programs = -(-count // (_VALUES * parts))
    return Launch(note, programs, (count, most), parts, TritonConfig(_VALUES, 4, 1))


@cache
def has_triton() -> bool:
    """Return whether kernels in Triton can run."""
    return find_spec("triton") is not None
