"""The package's files run, in integers, in torch and in onnxruntime."""
