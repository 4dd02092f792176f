"""The steps that Lava computes of a file's numbers, as circuits."""
