"""Every field of an exported artifact changed by the smallest step, with hashes made anew."""
