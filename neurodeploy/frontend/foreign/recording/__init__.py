"""One run of a foreign module, recorded and folded over time into a network of ours."""
