"""Equations made simpler, with the same value for every input."""
