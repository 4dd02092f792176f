"""Modules of other frameworks, as ours; none of their packages is imported."""
