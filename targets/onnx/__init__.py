"""ONNX: programs to graphs of integer operations, and back."""

from targets.onnx.target import Onnx as Onnx
from targets.onnx.target import target as target

__all__ = ["Onnx", "target"]
