"""Batch norms over time."""
