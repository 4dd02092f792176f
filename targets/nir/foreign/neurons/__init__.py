"""What a step of NIR's neurons computes: one file for each reading of the format."""
