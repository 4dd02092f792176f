"""Rounding, folding and statistics on a GPU: one kernel each, and nothing fetched."""
