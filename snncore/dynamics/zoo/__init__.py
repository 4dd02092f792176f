"""Neurons that chips and papers have, as equations."""
