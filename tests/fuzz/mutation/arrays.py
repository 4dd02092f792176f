"""NumPy's files changed in their header, or in the numbers behind it."""

import ast
import io
import zipfile
from random import Random

import numpy as np

from tests.fuzz.mutation import archive, raw

_TYPES = ("|b1", "<i8", ">i8", "<f2", "<f8", "<c16", "|O", "<U9", "|V8", "<M8[s]", "|S0", "<f16")
_TYPES += ("(4000,4000)i8", "i4,i8", "<U99999999", "x", "")
_HEADERS = ("{", "()", "[" * 3000, "{'descr': '|u1'}", "1" * 5000, "a" * 9000, "{1: 2}", "\0", "")


def changed(content: bytes, random: Random) -> bytes:
    """Return the array's file with one fault."""
    kind = random.random()
    if kind < 0.4 or content[:6] != b"\x93NUMPY":
        return raw.changed(content, random)
    length = int.from_bytes(content[8:10], "little")
    header, numbers = content[10 : 10 + length], content[10 + length :]
    if kind < 0.5:
        return _file(random.choice(_HEADERS).encode(), numbers, random)
    shape = [random.choice((*raw.EXTREMES, -1, 2, 3)) for _ in range(random.choice((0, 1, 3, 40)))]
    wrong = {
        "descr": random.choice(_TYPES),
        "fortran_order": random.choice((True, False, None)),
        "shape": tuple(shape),
    }
    if kind < 0.8:
        # One thing wrong, and the others as they are.
        fields = dict(ast.literal_eval(header.decode()))
        key = random.choice(list(fields))
        wrong = fields | {key: wrong[key]}
    return _file(repr(wrong).encode(), numbers, random)


def changed_archive(content: bytes, random: Random) -> bytes:
    """Return the .npz with one fault."""
    return archive.changed(content, random, changed)


def bomb(random: Random) -> bytes:
    """Return zeros that unpack to a thousand times their size, with a true or false header."""
    count = random.choice((1 << 16, 1 << 24))
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((count, 1, 1), np.uint8))
    members = [("samples.npy", buffer.getvalue(), zipfile.ZIP_DEFLATED)]
    return archive.packed(members)


def _file(header: bytes, numbers: bytes, random: Random) -> bytes:
    version = random.choice((1, 1, 1, 2, 3, 9))
    claimed = random.choice((len(header), len(header), len(header), *raw.EXTREMES))
    width = 2 if version == 1 else 4
    length = (claimed % (1 << 8 * width)).to_bytes(width, "little")
    return b"\x93NUMPY" + bytes((version, 0)) + length + header + numbers
