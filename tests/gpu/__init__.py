"""What only a GPU shows; `python -m tests.gpu` runs it, and other test runs leave it out."""
