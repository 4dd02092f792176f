"""NIR's graph: the primitives and edges of a program."""
