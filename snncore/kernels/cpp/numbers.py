"""The first lines of every C++ kernel: integers of fixed size, memory, and rounding of floats."""

NUMBERS = """\
#include <cstdint>
#include <cstring>

// Compilers know these without <cmath>, whose text takes them as long as a kernel.
static inline float floored(float value) { return __builtin_floorf(value); }
static inline double floored(double value) { return __builtin_floor(value); }
static inline float truncated(float value) { return __builtin_truncf(value); }
static inline double truncated(double value) { return __builtin_trunc(value); }
"""
