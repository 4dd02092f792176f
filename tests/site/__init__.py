"""The documentation as a site: it builds without a warning, and its pages run."""
