"""Targets, one package a chip or format; each is found by its entry point, never imported."""
