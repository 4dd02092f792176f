"""Equations as circuits of whole numbers whose bits grow with every operation, for provers."""
