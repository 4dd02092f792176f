"""Runs of specifications in SynSense's simulator of the chip."""
