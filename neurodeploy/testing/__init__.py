"""Tests for others: the conformance kit of targets, and `assert_parity` for networks.

The kit is `pytest --pyargs neurodeploy.testing --target NAME`, or a test class.
"""

from __future__ import annotations

from typing import Any

__all__ = ["assert_parity"]


def __getattr__(name: str) -> Any:
    # Imported when it is used, so that pytest's start stays quick where it is not.
    if name != "assert_parity":
        raise AttributeError(f"neurodeploy.testing has no {name}")
    from neurodeploy.testing.parity import assert_parity

    return assert_parity
