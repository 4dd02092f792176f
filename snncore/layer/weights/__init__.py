"""Layers of weights."""
