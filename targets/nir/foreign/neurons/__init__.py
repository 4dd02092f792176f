"""The step of NIR's neurons: one file for each reading of the format."""
