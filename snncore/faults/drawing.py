"""Random numbers that depend on a seed and on where they are used, and on nothing else."""

from __future__ import annotations

from hashlib import sha256

import torch


def generator(device: torch.device, *seed: int | str) -> torch.Generator:
    """Return a generator for this seed, whose parts are numbers and names."""
    digest = sha256(repr(seed).encode("utf-8")).digest()
    # A seed has 63 bits on every device.
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "big") >> 1)
