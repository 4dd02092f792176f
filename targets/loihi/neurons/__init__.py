"""The kinds of neurons that the chip has, one file each."""
