"""The files around a network: an example, a self-test, and how to build them."""
