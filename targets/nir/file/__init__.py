"""NIR's file: HDF5, written from a tree of values and read within limits."""
