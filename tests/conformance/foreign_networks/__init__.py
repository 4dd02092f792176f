"""Model definitions as people write them, in the idiom of each framework; they run beside it."""
