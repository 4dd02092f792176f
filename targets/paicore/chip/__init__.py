"""Facts about the chip, and networks on its cores and on a grid of chips."""
