"""The assembly of quotients, carried out in exact fractions, against division in float32."""

import json
import math
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from snncore.kernels.loop.reciprocal import TINY, is_safe, reciprocal
from snncore.kernels.triton.division import division

ROOT = Path(__file__).parents[5]
Number = float | np.floating
DIVISORS = (1.1, 1.4392289, 2.0, 3.0, 5.0, 7.0, 10.0, 20.0, 1000.0, 1.0000001, 16777215.0)
SPECIAL = (0.0, -0.0, math.inf, -math.inf, math.nan, 1e-45, -1e-45, 1.2e-38, 3.4e38, -3.4e38)


def fused(kind: type[np.floating], a: Number, b: Number, c: Number) -> np.floating:
    """Return a * b + c, rounded once."""
    if not all(math.isfinite(value) for value in (a, b, c)):
        return kind(np.float64(a) * np.float64(b) + np.float64(c))
    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if exact == 0:
        return kind(np.float64(a) * np.float64(b) + np.float64(c))
    return rounded(kind, exact)


def rounded(kind: type[np.floating], exact: Fraction) -> np.floating:
    """Round to the nearest number of this kind, to an even one where two are as near."""
    near = kind(float(exact))
    if not np.isfinite(near):
        return near
    beside = (np.nextafter(near, kind(-np.inf)), near, np.nextafter(near, kind(np.inf)))
    mantissa = "int32" if kind is np.float32 else "int64"

    def distance(value: np.floating) -> tuple[Fraction, int]:
        return abs(Fraction(float(value)) - exact), int(value.view(mantissa)) & 1

    return min((value for value in beside if np.isfinite(value)), key=distance)


def least(a: np.floating, b: np.floating) -> np.floating:
    return b if np.isnan(a) else a if np.isnan(b) else min(a, b)


CALLS: dict[str, Callable[..., np.floating]] = {
    "mov.b32": lambda a: a,
    "sub.rn.f32": lambda a, b: np.float32(a - b),
    "neg.f32": lambda a: -a,
    "mov.f32": lambda a: a,
    "abs.f32": abs,
    "min.f32": least,
    "mul.rn.f32": lambda a, b: np.float32(a * b),
    "mul.rn.f64": lambda a, b: np.float64(a * b),
    "fma.rn.f32": lambda *operands: fused(np.float32, *operands),
    "fma.rn.f64": lambda *operands: fused(np.float64, *operands),
    "cvt.f64.f32": np.float64,
    "cvt.rn.f32.f64": np.float32,
}
COMPARISONS: dict[str, Callable[[Number, Number], bool]] = {
    "lt": lambda a, b: bool(a < b),
    "ne": lambda a, b: bool(a != b),
}


class Machine:
    """It carries out the few instructions of which quotients are made."""

    def __init__(self, values: list[np.float32]) -> None:
        self.values = {f"${len(values) + index}": value for index, value in enumerate(values)}
        self.truths: dict[str, bool] = {}

    def run(self, assembly: str) -> None:
        for line in assembly.strip("{ }").split(";"):
            words = line.replace(",", " ").split()
            if not words or words[0] in (".reg", "done:"):
                continue
            if words[0].startswith("@"):
                if self.truths[words[0].strip("@!")] == words[0].startswith("@!"):
                    continue
                words = words[1:]
            if words[0] == "bra":
                return
            self.step(words[0], words[1], words[2:])

    def step(self, name: str, to: str, read: list[str]) -> None:
        if name.startswith("setp"):
            _, comparison, *combined, _ = name.split(".")
            truth = COMPARISONS[comparison](self.value(read[0]), self.value(read[1]))
            if combined:
                other = self.truths[read[2]]
                truth = truth or other if combined == ["or"] else truth and other
            self.truths[to] = truth
        elif name.endswith(".pred"):
            self.truths[to] = any(self.truths[key] for key in read)
        else:
            self.values[to] = CALLS[name](*(self.value(key) for key in read))

    def value(self, key: str) -> np.floating:
        if re.fullmatch("0f[0-9A-F]{8}", key):
            return np.float32(struct.unpack(">f", bytes.fromhex(key[2:]))[0])
        if re.fullmatch("0d[0-9A-F]{16}", key):
            return np.float64(struct.unpack(">d", bytes.fromhex(key[2:]))[0])
        return self.values[key]


def numerators(by: np.float32, seed: int, full: bool) -> np.ndarray:
    """Return floats of all sizes, at the ends, with quotients near integers, and wrong ones."""
    count = 600 if full else 150
    bits = np.random.default_rng(seed).integers(-(2**31), 2**31, count).astype(np.int32)
    near = np.arange(1, 200, 1 if full else 5, dtype=np.float32) * by
    beside = np.nextafter(near, np.float32(0))
    return np.concatenate([np.float32(SPECIAL), bits.view(np.float32), near, beside, wrong(by)])


def wrong(by: np.float32) -> np.ndarray:
    """Return numerators, up to an exponent, for which two products are not enough."""
    parts = reciprocal(float(by))
    if not parts.corrected:
        return np.zeros(0, np.float32)
    every = np.arange(2**23, 2**24).astype(np.float32)
    total = every.astype(np.float64) * parts.high + every * np.float32(parts.low)
    failing = every[total.astype(np.float32) != every / by][:8]
    assert len(failing), by
    return np.repeat(failing, 2)


def same_bits(computed: np.ndarray, right: np.ndarray) -> bool:
    """Return whether two have the same bits, or both are NaN."""
    same = computed.view(np.int32) == right.view(np.int32)
    return bool((same | (np.isnan(computed) & np.isnan(right))).all())


@pytest.mark.parametrize("divisor", DIVISORS)
@pytest.mark.parametrize("pack", [1, 2])
def test_every_quotient_is_rounded_as_ieee_asks(divisor: float, pack: int, full: bool) -> None:
    assert is_safe(divisor)
    by = np.float32(divisor)
    values = numerators(by, pack, full)
    values = values[: len(values) // pack * pack]
    assembly = division(float(by), pack)
    with np.errstate(all="ignore"):
        expected = values / by
        for numerator, right in zip(
            values.reshape(-1, pack), expected.reshape(-1, pack), strict=True
        ):
            machine = Machine(list(numerator))
            machine.run(assembly)
            computed = np.array([machine.values[f"${k}"] for k in range(pack)])
            assert same_bits(computed, right), (numerator, computed, right)


def test_without_a_branch_only_tiny_quotients_are_rounded_otherwise(full: bool) -> None:
    divisors = (1.1, 1.4392289, 3.0, 20.0, 16777215.0)
    command = [sys.executable, "-m", f"{__package__}.quotients", *map(str, divisors)]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for divisor, assembly in zip(divisors, json.loads(printed), strict=True):
        by, lines = np.float32(divisor), assembly.splitlines()
        computed = [line for line in lines if ".f32" in line or re.search("mov.b32.*0f", line)]
        assert any(line.split()[0] == "fma.rn.f32" for line in computed)
        (result,) = re.findall(r"st\.global\.b32 .*\{ (%r\d+) \}", assembly)
        values = numerators(by, 3, full)
        with np.errstate(all="ignore"):
            expected = values / by
            for numerator, right in zip(values, expected, strict=True):
                if numerator != 0 and abs(right) < TINY:
                    continue
                machine = Machine([])
                machine.values["%r1"] = numerator
                machine.run(";".join(line.strip(" \t;") for line in computed))
                quotient = np.float32(machine.values[result])
                assert same_bits(quotient[None], right[None]), (divisor, numerator, quotient, right)
