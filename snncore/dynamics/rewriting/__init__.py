"""Rewritings of equations that keep the value for every input."""
