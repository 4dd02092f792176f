"""A float network on many targets and widths of weights at once."""
