"""Facts about the chips: what they accept, what fits, and what it costs."""
