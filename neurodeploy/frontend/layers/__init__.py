"""Layers of the training library as nodes of a graph, where it takes several or some shape."""
