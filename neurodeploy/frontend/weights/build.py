"""The user's own function that builds a network, named as `package.module:function`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from neurodeploy.errors import ModelFileError, NeurodeployError


def built(reference: str) -> tuple[nn.Module, Tensor | None]:
    """Return the network that the user's function makes, and an example if it returns one too.

    Raises:
        ModelFileError: if there is no such function, or it fails, or returns something else.
    """
    name, _, function = reference.partition(":")
    try:
        make: Callable[[], Any] = getattr(importlib.import_module(name), function)
        result = make()
    # The user's code may raise anything.
    except (Exception, SystemExit) as error:
        raise ModelFileError(
            f"--build {reference}: {type(error).__name__}: {_first_line(error)}",
            remedy="give package.module:function, your function without arguments that "
            "returns the network",
        ) from error
    pair = isinstance(result, tuple) and len(result) == 2
    network, example = result if pair else (result, None)
    if not isinstance(network, nn.Module) or not isinstance(example, Tensor | None):
        kinds = ", ".join(type(each).__name__ for each in (result if pair else (result,)))
        raise ModelFileError(
            f"--build {reference}: returned a {kinds}",
            remedy="return the network, a torch.nn.Module, or the network and an example",
        )
    return network, example


def _first_line(error: BaseException) -> str:
    text = error.message if isinstance(error, NeurodeployError) else str(error)
    first = (text.strip().splitlines() or [""])[0][:200]
    return first if first and not isinstance(error, KeyError) else f"{type(error).__name__} {first}"
