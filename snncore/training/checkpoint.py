"""Runs that go on where they stopped, to the same bits."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from snncore.training.shards import like_network, like_optimizer, local

_TENSOR, _TUPLE, _MAP = "tensor", "tuple", "map"
_FORMAT = 1


def save_run(
    path: str | os.PathLike[str],
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    scheduler: Any = None,
    scaler: Any = None,
    progress: Mapping[str, Any] | None = None,
) -> None:
    """Write all that the next step depends on: weights, moments, rates and random generators.

    The file is an .npz of arrays and one document; `progress` is what you want to know again (the
    epoch), as plain data. The file is there whole or not at all. Of several processes each writes
    a file of its own, with the part that it holds.
    """
    parts = {
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": None if scheduler is None else scheduler.state_dict(),
        "scaler": None if scaler is None else scaler.state_dict(),
        "random": _generators(),
        "progress": dict(progress or {}),
    }
    arrays: dict[str, Any] = {}
    document = {"format": _FORMAT, "parts": _plain(parts, arrays)}
    text = np.frombuffer(json.dumps(document).encode(), np.uint8)
    target = Path(path)
    begun = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with begun.open("wb") as file:
            np.savez(file, document=text, **arrays)
        begun.replace(target)
    finally:
        begun.unlink(missing_ok=True)


def load_run(
    path: str | os.PathLike[str],
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    scheduler: Any = None,
    scaler: Any = None,
) -> dict[str, Any]:
    """Put everything back as it was, and return the progress; nothing in the file is executed.

    Raises:
        ValueError: if the file is of another format, or of a run with other parts.
    """
    with np.load(path, allow_pickle=False) as file:
        if "document" not in file.files:
            raise ValueError(f"{path}: holds no run (write one with save_run)")
        document = json.loads(bytes(file["document"]))
        if document.get("format") != _FORMAT:
            raise ValueError(f"{path}: format {document.get('format')}, and this reads {_FORMAT}")
        parts = _rebuilt(document["parts"], {name: file[name] for name in file.files})
    for name, part in (("scheduler", scheduler), ("scaler", scaler)):
        if (parts[name] is None) != (part is None):
            has = "none" if parts[name] is None else "one"
            raise ValueError(f"{path}: {name}: the run has {has} (give what it was saved with)")
    network.load_state_dict(like_network(parts["network"], network))
    optimizer.load_state_dict(like_optimizer(parts["optimizer"], optimizer))
    if scheduler is not None:
        scheduler.load_state_dict(parts["scheduler"])
    if scaler is not None:
        scaler.load_state_dict(parts["scaler"])
    _set_generators(parts["random"])
    progress: dict[str, Any] = parts["progress"]
    return progress


def _generators() -> dict[str, Any]:
    version, numbers, spare = random.getstate()
    drawn: Any = np.random.get_state(legacy=True)  # noqa: NPY002
    kind, keys, position, has_spare, gauss = drawn
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "python": [version, list(numbers), spare],
        "numpy": [kind, torch.from_numpy(keys.astype(np.int64)), position, has_spare, gauss],
    }


def _set_generators(states: Mapping[str, Any]) -> None:
    torch.set_rng_state(states["torch"])
    if states["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(states["cuda"])
    version, numbers, spare = states["python"]
    random.setstate((version, tuple(numbers), spare))
    kind, keys, position, has_spare, gauss = states["numpy"]
    state = kind, keys.numpy().astype(np.uint32), position, has_spare, gauss
    np.random.set_state(state)  # noqa: NPY002


def _plain(value: Any, arrays: dict[str, Any]) -> Any:
    """Return the value as plain data; tensors go to the arrays as bytes that keep every type."""
    if isinstance(value, Tensor):
        name = f"t{len(arrays)}"
        tensor = local(value.detach()).cpu().contiguous()
        arrays[name] = tensor.reshape(-1).view(torch.uint8).numpy().copy()
        kind = str(tensor.dtype).removeprefix("torch.")
        return {_TENSOR: [name, kind, list(tensor.shape)]}
    if isinstance(value, Mapping):
        # Keys may be numbers, which a document has not.
        return {_MAP: [[key, _plain(item, arrays)] for key, item in value.items()]}
    if isinstance(value, tuple):
        return {_TUPLE: [_plain(item, arrays) for item in value]}
    if isinstance(value, list):
        return [_plain(item, arrays) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"save_run: {type(value).__name__} is not plain data")


def _rebuilt(value: Any, arrays: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_rebuilt(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == _TENSOR:
        name, type_name, shape = content
        flat = torch.from_numpy(arrays[name].copy())
        tensor = (
            flat.view(getattr(torch, type_name))
            if flat.numel()
            else flat.to(getattr(torch, type_name))
        )
        return tensor.reshape(shape)
    items = [_rebuilt(item, arrays) for item in content]
    return tuple(items) if kind == _TUPLE else dict(items)
