"""The forms of the graph: a scan over time, one step, and every step written out."""
