"""A program run within limits, and everything that comes of it."""
