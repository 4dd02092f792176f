"""Files for the vendor's compiler, changed as an editor of hex would: one weight turned round."""

import io
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from neurodeploy.artifact import MANIFEST, digest
from neurodeploy.program import Program

Index = tuple[int, ...]


def negated(content: bytes, program: Program, layer: str, index: Index) -> bytes:
    """Return a .pt or .onnx file with one weight of a layer negated."""
    weight = np.asarray(program.by_name[layer].weight, dtype=np.float16)
    other = weight.copy()
    other[index] *= -1
    assert other[index] != weight[index]
    change = _in_archive if content.startswith(b"PK") else _in_model
    return change(content, weight, other)


def _in_archive(content: bytes, weight: NDArray[Any], other: NDArray[Any]) -> bytes:
    """Return the tensor's record replaced, so that the archive's own checksums hold."""
    file, changed = io.BytesIO(), 0
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            record = old.read(name)
            if record == weight.tobytes():
                record, changed = other.tobytes(), changed + 1
            new.writestr(name, record)
    assert changed == 1
    return file.getvalue()


def _in_model(content: bytes, weight: NDArray[Any], other: NDArray[Any]) -> bytes:
    model = onnx.load_from_string(content)
    tensors = [tensor for tensor in model.graph.initializer if tensor.raw_data == weight.tobytes()]
    assert len(tensors) == 1
    tensors[0].raw_data = other.tobytes()
    return model.SerializeToString()


def remade(folder: Path, files: dict[str, bytes]) -> None:
    """Put other files into an exported folder, and their hashes into its manifest."""
    text = (folder / MANIFEST).read_text("utf-8")
    for name, content in files.items():
        before = digest((folder / name).read_bytes())
        assert before in text
        text = text.replace(before, digest(content))
        (folder / name).write_bytes(content)
    (folder / MANIFEST).write_text(text, "utf-8")


def scripted(module: torch.nn.Module) -> bytes:
    """Return a module of torch as it writes TorchScript itself."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        # The vendor's tool reads TorchScript, whatever torch recommends.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(module), file)
    return file.getvalue()


def with_code(content: bytes, change: Callable[[str], str]) -> bytes:
    """Return a TorchScript archive with other code."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            record = old.read(name)
            if name.endswith("code/__torch__.py"):
                record = change(record.decode()).encode()
            new.writestr(name, record)
    return file.getvalue()
