"""A chip's grid: formats, scales, and rounding with a gradient."""
