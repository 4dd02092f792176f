"""Xylo: programs to the numbers from which Rockpool configures the chip, and back."""

from targets.xylo.neuron import XyloHidden as XyloHidden
from targets.xylo.neuron import XyloOutput as XyloOutput
from targets.xylo.target import Xylo as Xylo
from targets.xylo.target import target as target

__all__ = ["Xylo", "XyloHidden", "XyloOutput", "target"]
