"""Model files changed in their description, their tensors, their pickle or their archive."""

import io
import pickletools
from random import Random
from typing import Any

import torch

from tests.fuzz.mutation import archive, data, raw

# Names that modules use themselves, or that say that a layer is within another.
_TAKEN = ("training", "_parameters", "forward", "_calls", "weight", "append", "a.b", "", "0.1")
# A large integer, a copy, a thing taken off, an import, a set, a memo, the end.
_OPERATIONS = (b"\x8a\x09" + bytes(9), b"2", b"0", b"cos\nsystem\n", b"\x8f", b"\x94", b".")


def changed(content: bytes, random: Random) -> bytes:
    """Return the model file with one fault."""
    kind = random.random()
    if kind < 0.25:
        return archive.changed(content, random, _member)
    if kind < 0.4:
        members = archive.unpacked(content)
        return archive.packed(
            [
                (name, _operations(member, random) if name.endswith("data.pkl") else member, method)
                for name, member, method in members
            ]
        )
    document = torch.load(io.BytesIO(content), weights_only=True)
    if kind < 0.7:
        document = data.changed(document, random)
    else:
        holder = document.get("tensors", document)
        if kind < 0.85:
            holder[random.choice(list(holder))] = tensor(random)
        else:
            _add(document, random)
    return saved(document)


def saved(document: Any) -> bytes:
    """Return the document as torch writes it."""
    result = io.BytesIO()
    try:
        torch.save(document, result)
    except (RecursionError, RuntimeError, UnicodeEncodeError):
        # Not everything can be written; bytes that are no file are a seed as well.
        return result.getvalue()
    return result.getvalue()


def shared(levels: int, random: Random) -> Any:
    """Build a few objects, shared so often that nobody can walk them all."""
    nested: Any = random.choice((["a"], {"a": 1}, {"type": "Identity", "config": {}}))
    for _ in range(levels):
        twice = {"0": nested, "1": nested}
        nested = random.choice(([nested, nested], twice, {"type": "Sequential", "parts": twice}))
    return nested


def tensor(random: Random) -> Any:
    """Build a tensor larger than its storage, or of a kind that no weight has."""
    few = torch.arange(6.0)
    long = random.choice((6, 1 << 20, 1 << 31, 1 << 40))
    kinds = (
        lambda: few[:1].expand(long),
        lambda: few.as_strided((4, 4), (1, 0)),
        lambda: few.as_strided((3, 3), (1, 1)),
        lambda: torch.empty((0, long)),
        lambda: few.reshape((1,) * random.choice((3, 20, 60)) + (6,)),
        lambda: few.to(random.choice((torch.half, torch.cfloat, torch.bfloat16, torch.bool))),
        lambda: few.to(torch.float8_e5m2),
        lambda: few.to_sparse(),
        lambda: torch.quantize_per_tensor(few, 0.1, 0, torch.qint8),
        lambda: torch.empty(long, device="meta"),
        lambda: torch.nn.Parameter(few),
        lambda: torch.tensor(random.choice((float("nan"), 1e300, -0.0))),
        lambda: torch.zeros(()),
        lambda: few.reshape(2, 3).T,
    )
    return random.choice(kinds)()


def _add(document: Any, random: Random) -> None:
    kind = random.random()
    if kind < 0.5:
        key = random.choice(("layers", "calls", "output", "more", "input_shape", "tensors"))
        document[key] = shared(random.choice((3, 20, 40)), random)
    elif "layers" in document and kind < 0.8:
        old = random.choice(list(document["layers"]))
        document["layers"][random.choice(_TAKEN)] = document["layers"].pop(old)
    else:
        document["tensors"] = dict.fromkeys(map(str, range(500)), tensor(random))


def _member(content: bytes, random: Random) -> bytes:
    return raw.changed(content, random)


def _operations(content: bytes, random: Random) -> bytes:
    """Return the pickle with operations lost, repeated, exchanged, or with other arguments."""
    starts = [start for _, _, start in pickletools.genops(content)]
    pieces = [content[a:b] for a, b in zip(starts, [*starts[1:], len(content)], strict=True)]
    for _ in range(random.choice((1, 1, 2, 5))):
        index, other = random.randrange(len(pieces)), random.randrange(len(pieces))
        kind = random.random()
        if kind < 0.25:
            del pieces[index]
        elif kind < 0.5:
            pieces[index:index] = [pieces[other]] * random.choice((1, 1, 2, 3000))
        elif kind < 0.75:
            pieces[index], pieces[other] = pieces[other], pieces[index]
        else:
            number = (random.choice(raw.EXTREMES) % (1 << 32)).to_bytes(4, "little")
            wrong = (b"J" + number, b"r" + number, b"j" + number, *_OPERATIONS)
            pieces[index:index] = [random.choice(wrong)]
    return b"".join(pieces)
