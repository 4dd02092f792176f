"""The machine of a GPU's benchmark, for its table in RESULTS.md."""

from __future__ import annotations

import torch


def where() -> str:
    """Return the device and the version of torch."""
    return f"One {torch.cuda.get_device_name()}, torch {torch.__version__}"
