"""The runtimes that run ONNX files, each in its sandbox."""
