"""NIR: programs to the interchange format of neuromorphic frameworks, and back."""

from targets.nir.target import Nir as Nir
from targets.nir.target import target as target

__all__ = ["Nir", "target"]
