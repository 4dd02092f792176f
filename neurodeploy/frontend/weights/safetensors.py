"""The safetensors format: a JSON header that says where each tensor's numbers lie behind it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neurodeploy.data import strict_json
from neurodeploy.data.reading import regular_file, require_room
from neurodeploy.errors import ModelFileError

# The limit of the header; a thousand tensors have a tenth of a megabyte.
_HEADER_BYTES = 16 << 20
_AXES = 16
_KINDS = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_AGAIN = "copy the file again, or write it again with safetensors.torch.save_file"


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors in a file, in the order in which they lie there.

    Raises:
        ModelFileError: if it is missing, damaged, or larger than memory.
    """
    try:
        with regular_file(path) as (file, size):
            require_room(path, 2 * size)
            content = bytearray(file.read(size + 1))
        if len(content) != size:
            raise ValueError("it changed while it was read")
        return _tensors(content)
    except FileNotFoundError as error:
        raise ModelFileError(
            f"{path}: there is no such file", remedy="name an existing file"
        ) from error
    except OSError as error:
        raise ModelFileError(
            f"{path}: cannot be read: {error.strerror or error}", remedy=_AGAIN
        ) from error
    except (ValueError, LookupError, TypeError) as error:
        raise ModelFileError(
            f"{path}: is damaged, or not a safetensors file: {error}", remedy=_AGAIN
        ) from error


def _tensors(content: bytearray) -> dict[str, Tensor]:
    if len(content) < 8:
        raise ValueError("it is shorter than its header's size")
    length = int.from_bytes(content[:8], "little")
    if length > min(_HEADER_BYTES, len(content) - 8):
        raise ValueError(f"its header of {length:,} bytes does not fit")
    header = strict_json.loads(bytes(content[8 : 8 + length]))
    if not isinstance(header, dict):
        raise ValueError("its header is not an object")
    header.pop("__metadata__", None)
    numbers = memoryview(content)[8 + length :]
    entries = sorted(header.items(), key=lambda entry: _span(*entry))
    tensors, end = dict[str, Tensor](), 0
    for name, entry in entries:
        start, stop = _span(name, entry)
        if start != end:
            raise ValueError(f"{name}: its numbers begin at {start:,} and not at {end:,}")
        tensors[name] = _tensor(name, entry, numbers[start:stop])
        end = stop
    if end != len(numbers):
        raise ValueError(f"{len(numbers) - end:,} bytes belong to no tensor")
    return tensors


def _span(name: str, entry: Any) -> tuple[int, int]:
    start, stop = entry["data_offsets"]
    if type(start) is not int or type(stop) is not int or not 0 <= start <= stop:
        raise ValueError(f"{name:.80}: its offsets are not two positions in the file")
    return start, stop


def _tensor(name: str, entry: dict[str, Any], numbers: memoryview) -> Tensor:
    kind, shape = _KINDS.get(entry["dtype"]), entry["shape"]
    if kind is None:
        raise ValueError(f"{name:.80}: holds {entry['dtype']!r:.20}, which is not read")
    whole = isinstance(shape, list) and all(type(n) is int and n >= 0 for n in shape)
    if not whole or len(shape) > _AXES or math.prod(shape) * kind.itemsize != len(numbers):
        raise ValueError(f"{name:.80}: {len(numbers):,} bytes are not a tensor of {shape!r:.80}")
    if not len(numbers):
        return torch.empty(shape, dtype=kind)
    # Its own memory is aligned as torch's kernels need it.
    memory = torch.empty(len(numbers), dtype=torch.uint8)
    memory.numpy().data[:] = numbers
    if kind == torch.bool:
        return (memory != 0).reshape(shape)
    return memory.view(kind).reshape(shape)
