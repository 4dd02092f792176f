"""Nodes of an ONNX graph for a program's nodes."""
