"""A simulator's environment: what it needs, and what is installed."""
