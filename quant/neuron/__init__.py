"""Neurons that compute in a chip's integers while they train."""
