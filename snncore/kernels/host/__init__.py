"""Kernels started, and their gradients found, in compiled code: no Python between them."""
