"""The path from a network to its artifact and its proof."""
