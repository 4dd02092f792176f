"""The packages that read NIR files, each in its sandbox."""
