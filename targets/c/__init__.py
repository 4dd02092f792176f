"""C: programs to a folder of plain C99 for any processor, and back."""

from targets.c.target import C as C
from targets.c.target import target as target

__all__ = ["C", "target"]
