"""CUDA C compiled once and launched where tensors are: on a GPU or, thread by thread, on a CPU."""
