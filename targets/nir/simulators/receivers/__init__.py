"""The frameworks that read NIR, each with its own import, in its own sandbox."""
