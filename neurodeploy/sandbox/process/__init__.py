"""A program that runs within limits, with all its descendants."""
