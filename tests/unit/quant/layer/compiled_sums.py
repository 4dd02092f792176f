"""A layer's sums in compiled code against the same kernels from Python, in the interpreter.

`TRITON_INTERPRET=1 python -m tests.unit.quant.layer.compiled_sums` needs no GPU: the library starts
functions that give the memory it names to Triton's interpreter.
"""

import ctypes
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

import quant
from quant.grid.noted import require_noted
from quant.layer import at_once, block, convolution, synapse
from snncore import functional, layer
from snncore.kernels.host.build import LIBRARY
from snncore.kernels.host.loop import Start
from snncore.kernels.triton.launch import Launch

_FUNCTION = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.POINTER(ctypes.c_void_p)
)
# Functions that the library may start at any time.
_functions: list[Any] = []


def start_of(
    launch: Launch, device: int, types: tuple[torch.dtype, ...], roles: Sequence[Any]
) -> Start:
    """Return a function that runs a kernel in the interpreter, on the memory that it is given."""

    def run(sizes: Any, shared: int, waits: int, pointers: Any) -> int:
        tensors = []
        for pointer, kind in zip(pointers[: len(types)], types, strict=True):
            address = ctypes.c_int64.from_address(pointer).value
            memory = (ctypes.c_char * kind.itemsize).from_address(address)
            tensors.append(torch.frombuffer(memory, dtype=kind))
        launch(tensors)
        return 0

    _functions.append(_FUNCTION(run))
    address = ctypes.cast(_functions[-1], ctypes.c_void_p).value or 0
    return Start(address, 1, 1, 0, tuple(roles))


@contextmanager
def as_on_a_gpu() -> Iterator[None]:
    """Let layers on the CPU take the way of a GPU's."""
    with (
        patch.object(Launch, "start_of", start_of),
        patch.object(block, "folds", lambda *_: True),
        patch.object(block, "observes", lambda *_: True),
        patch.object(synapse, "folds", lambda *_: True),
        patch.object(synapse, "is_deferred", lambda _: True),
        patch.object(at_once, "folds", lambda *_: True),
        patch.object(convolution, "snaps", lambda *_: True),
    ):
        yield


def network(form: str, options: dict[str, Any]) -> nn.Sequential:
    """Return a block with a norm, weights of their own, and a dense block with a bias."""
    torch.manual_seed(0)
    own: dict[str, Any] = {"format": form, "exponent": -6}
    neurons = quant.LIF if form != "loihi" else quant.CubaLIF
    first = quant.Conv2d(2, 6, 3, padding=1, stride=(1, 2), **own, **options)
    dense = quant.Linear(4 * 25, 5, bias=True, **own, **options)
    fires = {"threshold": 0.5} | ({"decay": 0.5} if form != "loihi" else {})
    alone = quant.Conv2d(6, 4, 3, padding=1, groups=2, **own)
    with torch.no_grad():
        for each in (alone, dense):
            each.weight.mul_(3)
    return nn.Sequential(
        quant.Block(first, neurons(**fires, **own), norm=layer.BatchNorm2d(6)),
        alone,
        neurons(**fires, **own),
        layer.Flatten(),
        quant.Block(dense, neurons(**fires, **own)),
    )


def results_of(module: nn.Sequential, x: Tensor) -> list[Tensor]:
    """Return spikes, gradients and buffers after a step of training."""
    functional.reset(module)
    leaf = x.clone().requires_grad_()
    spikes = module(leaf)
    (spikes * torch.linspace(-1, 1.3, spikes.numel()).reshape(spikes.shape)).sum().backward()
    gradients = [each.grad for each in (leaf, *module.parameters())]
    assert not any(each is None for each in gradients)
    module.zero_grad()
    kept = [spikes.detach(), *(g for g in gradients if g is not None), *module.buffers()]
    return [each.clone() for each in kept]


def names_of(node: Any) -> set[str]:
    """Return the names of a result's nodes of autograd."""
    seen, names, waiting = set(), set(), [node]
    while waiting:
        each = waiting.pop()
        if each is not None and each not in seen:
            seen.add(each)
            names.add(each.name())
            waiting += [following for following, _ in each.next_functions]
    return names


def check(form: str, options: dict[str, Any]) -> None:
    """Check later steps, which compiled code computes, against those of Python, on every bit."""
    x = (torch.rand(2, 2, 2, 5, 10, generator=torch.Generator().manual_seed(1)) < 0.4).float()
    fast, slow = network(form, options), network(form, options)
    for turn in range(3):
        mine = results_of(fast, x)
        with patch.object(at_once, "LIBRARY") as absent:
            absent.begin.return_value = False
            wanted = results_of(slow, x)
        assert all(torch.equal(a, b) for a, b in zip(mine, wanted, strict=True)), turn
        assert bool(wanted[0].any())
    for module in (fast, slow):
        functional.reset(module)
    names = names_of([module(x.requires_grad_()) for module in (slow, fast)][1].grad_fn)
    assert {"FoldBackward", "SnapBackward"} <= names, names
    assert not any("_Fold" in name or "_Snap" in name for name in names), names
    # Another size, no gradient, and evaluation; each comes from Python first.
    smaller = x.detach()[:, :1].contiguous()
    for learns in (True, True, False, False):
        fast.train(learns)
        slow.train(learns)
        for module in (fast, slow):
            functional.reset(module)
        with torch.no_grad():
            mine, wanted = fast(smaller), slow(smaller)
        assert torch.equal(mine, wanted)
    require_noted()


def main() -> None:
    """Check units that are learned; with --full, also fixed ones and one for each channel."""
    assert LIBRARY.wait() == ""
    with as_on_a_gpu():
        check("lynxi", {"scale": "learned"})
        for options in [{}, {"per_channel": True}] if "--full" in sys.argv else []:
            check("int8", options)
    sys.stdout.write("equal\n")


if __name__ == "__main__":
    main()
