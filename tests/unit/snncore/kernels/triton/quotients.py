"""The branchless quotient compiled for a GPU that need not be there; a script of its own process.

It prints the assembly for the divisors of its command line as JSON.
"""

import json
import sys
from dataclasses import astuple

import triton
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from snncore.kernels.loop.reciprocal import reciprocal
from snncore.kernels.triton.words import nearly_divided

NUMBERS = ("divisor", "nearest", "high", "low", "corrected")


@triton.jit
def kernel(
    x,
    y,
    divisor: tl.constexpr,
    nearest: tl.constexpr,
    high: tl.constexpr,
    low: tl.constexpr,
    corrected: tl.constexpr,
):
    tl.store(y, nearly_divided(tl.load(x), divisor, nearest, high, low, corrected))


def assembly(divisor: float) -> str:
    """Return the instructions that one quotient is compiled to."""
    signature = {"x": "*fp32", "y": "*fp32"} | dict.fromkeys(NUMBERS, "constexpr")
    numbers = dict(zip(NUMBERS, astuple(reciprocal(divisor)), strict=True))
    compiled = triton.compile(
        ASTSource(kernel, signature, constexprs=numbers),
        target=GPUTarget("cuda", 90, 32),
        options={"num_warps": 1, "enable_fp_fusion": False},
    )
    text: str = compiled.asm["ptx"]
    return text


if __name__ == "__main__":
    sys.stdout.write(json.dumps([assembly(float(word)) for word in sys.argv[1:]]))
