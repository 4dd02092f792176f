"""Layers on sequences (T, N, ...)."""

from snncore.layer.report import backend_report as backend_report
from snncore.layer.synapse import Conv2d as Conv2d
from snncore.layer.synapse import Flatten as Flatten
from snncore.layer.synapse import Layer as Layer
from snncore.layer.synapse import Linear as Linear
from snncore.layer.synapse import Pair as Pair
from snncore.layer.synapse import SumPool2d as SumPool2d

__all__ = ["Conv2d", "Flatten", "Layer", "Linear", "Pair", "SumPool2d", "backend_report"]
