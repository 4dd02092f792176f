"""The target mychip for neurodeploy."""

from mychip.target import target as target

__all__ = ["target"]
