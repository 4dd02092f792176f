"""Tests that need a GPU; `python -m tests.gpu` runs them, and other test runs leave them out."""
