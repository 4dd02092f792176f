"""Runners of the package's files: in integers, in torch and in onnxruntime."""
