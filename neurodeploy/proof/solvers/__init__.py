"""Solvers: an environment of their own, and the questions that run in it."""
