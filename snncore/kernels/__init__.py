"""The time loop, written by hand once a language."""

from snncore.kernels.torch_loop import run_sequence as run_sequence

__all__ = ["run_sequence"]
