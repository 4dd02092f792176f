"""A neuron's parameters: numbers, or tensors of one value a channel or an element."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn

Given = float | int | Tensor | list[Any]


def assign(module: nn.Module, values: Mapping[str, Given], learnable: Collection[str]) -> None:
    """Keep each value on the module under its name: a number, a buffer or a learned parameter.

    Raises:
        ValueError: if a value is NaN, or a name is not one of the parameters.
    """
    name_of = type(module).__name__
    unknown = sorted(set(learnable) - set(values))
    if unknown:
        names = ", ".join(values)
        raise ValueError(f"{name_of}: {unknown[0]!r} cannot be learned; there are {names}")
    for name, value in values.items():
        if isinstance(value, bool | str) or value is None:
            raise TypeError(f"{name_of}.{name}: {value!r} is neither a number nor a tensor")
        tensor = torch.as_tensor(value, dtype=torch.get_default_dtype())
        if tensor.device.type != "meta" and bool(torch.isnan(tensor).any()):
            raise ValueError(f"{name_of}.{name}: the value is NaN")
        if name in learnable:
            setattr(module, name, nn.Parameter(tensor.detach().clone()))
        elif isinstance(value, float | int):
            setattr(module, name, float(value))
        else:
            module.register_buffer(name, tensor.detach().clone())


def plain(value: float | Tensor) -> Any:
    """Return a value as numbers and lists."""
    if not isinstance(value, Tensor):
        return value
    if value.device.type == "meta":
        return torch.zeros(value.shape).tolist()
    return value.detach().cpu().tolist()


def shaped(where: str, value: float | Tensor, sequence: Tensor, kind: torch.dtype) -> Tensor:
    """Reshape the value to broadcast to a step (N, C, ...): one, per channel, or per element.

    Raises:
        ValueError: if its shape fits neither the channels nor the elements.
    """
    if not isinstance(value, Tensor):
        return torch.full((), value, dtype=kind, device=sequence.device)
    layer_shape = tuple(sequence.shape[2:])
    value = value.to(kind)
    if value.ndim == 0 or value.shape == layer_shape:
        return value
    if value.shape == layer_shape[:1]:
        return value.reshape(-1, *[1] * (len(layer_shape) - 1))
    raise ValueError(
        f"{where}: {tuple(value.shape)} is neither one value, nor one for each of "
        f"{layer_shape[0]} channels, nor one for each element of {layer_shape}"
    )
