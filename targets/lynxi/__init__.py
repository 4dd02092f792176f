"""Lynxi KA200: programs to reduced modules and an exchange package, and back."""

from targets.lynxi.reduction import reduce as reduce
from targets.lynxi.target import Lynxi as Lynxi
from targets.lynxi.target import target as target

__all__ = ["Lynxi", "reduce", "target"]
