"""Kernels are compiled into a folder of the test session; new memory is poisoned."""

from tests.unit.snncore.kernels_cpp.conftest import kernel_cache as kernel_cache
from tests.unit.snncore.kernels_cpp.conftest import poisoned as poisoned
