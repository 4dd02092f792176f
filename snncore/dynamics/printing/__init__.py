"""Equations printed in a language."""
