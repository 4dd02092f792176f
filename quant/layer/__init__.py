"""Layers of weights on a chip's grid, alone and in blocks with neurons."""
