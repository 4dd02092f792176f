"""Layers on sequences (T, N, ...)."""

from snncore.layer.norm import BatchNorm1d as BatchNorm1d
from snncore.layer.norm import BatchNorm2d as BatchNorm2d
from snncore.layer.pool import AdaptiveAvgPool2d as AdaptiveAvgPool2d
from snncore.layer.pool import AvgPool2d as AvgPool2d
from snncore.layer.pool import MaxPool2d as MaxPool2d
from snncore.layer.report import backend_report as backend_report
from snncore.layer.synapse import Conv2d as Conv2d
from snncore.layer.synapse import Flatten as Flatten
from snncore.layer.synapse import Layer as Layer
from snncore.layer.synapse import Linear as Linear
from snncore.layer.synapse import Pair as Pair
from snncore.layer.synapse import SumPool2d as SumPool2d

__all__ = [
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "Flatten",
    "Layer",
    "Linear",
    "MaxPool2d",
    "Pair",
    "SumPool2d",
    "backend_report",
]
