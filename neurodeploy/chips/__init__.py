"""A network on a chip: the resources that it needs, and its operations."""
