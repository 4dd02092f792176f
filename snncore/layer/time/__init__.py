"""Layers that see time: they keep a state, or decide who sees which step."""
