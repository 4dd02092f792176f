"""CUDA C given as text, compiled and called with torch tensors."""
