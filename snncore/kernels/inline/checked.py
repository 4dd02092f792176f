"""The check of arguments against a kernel's declaration."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from snncore.kernels.launch.signature import TENSORS, Argument, Signature

_NUMBERS: dict[str, Any] = {
    "bool": ctypes.c_bool,
    "int8": ctypes.c_int8,
    "uint8": ctypes.c_uint8,
    "int16": ctypes.c_int16,
    "uint16": ctypes.c_uint16,
    "int32": ctypes.c_int32,
    "uint32": ctypes.c_uint32,
    "int64": ctypes.c_int64,
    "uint64": ctypes.c_uint64,
    "float32": ctypes.c_float,
    "float64": ctypes.c_double,
}


def checked(kernel: Signature, arguments: Sequence[Any]) -> tuple[list[Any], torch.device]:
    """Convert the arguments for a launch, and return their device too.

    Raises:
        TypeError: if an argument is missing, or not of the declared type.
        ValueError: if a tensor is on another device, not contiguous, or needs a gradient.
    """
    if len(arguments) != len(kernel.arguments):
        raise TypeError(f"{kernel} takes {len(kernel.arguments)}, but got {len(arguments)}")
    device: torch.device | None = None
    values = []
    for argument, value in zip(kernel.arguments, arguments, strict=True):
        where = f"{kernel.name}: {argument.name}"
        if not argument.pointer:
            values.append(_number(argument, value, where))
            continue
        _check_tensor(argument, value, where)
        if device is not None and value.device != device:
            raise ValueError(f"{where} is on {value.device}, and a tensor before it on {device}")
        device = value.device
        values.append(value)
    if device is None:
        raise TypeError(f"{kernel} takes no tensor: nothing says on which device it runs")
    return values, device


def _check_tensor(argument: Argument, value: Any, where: str) -> None:
    if not isinstance(value, Tensor):
        raise TypeError(f"{where} is a tensor, not {type(value).__name__}")
    if argument.type != "any" and value.dtype != TENSORS[argument.type]:
        raise TypeError(
            f"{where} is {argument.written}, and the tensor is {value.dtype} "
            f"(use .to({TENSORS[argument.type]}))"
        )
    if not value.is_contiguous():
        raise ValueError(f"{where} is not contiguous (use .contiguous())")
    if value.requires_grad and torch.is_grad_enabled():
        raise ValueError(
            f"{where} requires a gradient, which a kernel does not give (pass .detach(), or use "
            "inline.elementwise or inline.time_loop with a backward)"
        )


def _number(argument: Argument, value: Any, where: str) -> Any:
    kind = _NUMBERS[argument.type]
    is_integer = not argument.type.startswith("float")
    if isinstance(value, Tensor) or not isinstance(value, int if is_integer else int | float):
        expected = "a whole number" if is_integer else "a number"
        raise TypeError(f"{where} is {expected} ({argument.written}), not {type(value).__name__}")
    number = kind(value)
    if is_integer and number.value != value:
        raise ValueError(f"{where} is {value}, which {argument.written} does not hold")
    return number
