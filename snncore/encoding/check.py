"""The checks of encoders on values and steps."""

from torch import Tensor


def check_steps(name: str, steps: int) -> None:
    """Check that there is at least one step.

    Raises:
        ValueError: if there is none.
    """
    if steps < 1:
        raise ValueError(f"encoding.{name}: {steps} steps")


def check_unit(name: str, values: Tensor) -> None:
    """Check that all values are in 0..1.

    Raises:
        ValueError: if one is not.
    """
    if values.numel() and not bool(((values >= 0) & (values <= 1)).all()):
        raise ValueError(f"encoding.{name}: values must lie in 0..1")
