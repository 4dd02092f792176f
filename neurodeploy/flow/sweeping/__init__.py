"""Many networks at once: independent tasks, and a sweep over targets and widths."""
