"""Recorded neurons, and the files that laboratories publish them in."""
