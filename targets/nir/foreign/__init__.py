"""NIR files of other writers: read in a process of their own, as graphs in floats."""
