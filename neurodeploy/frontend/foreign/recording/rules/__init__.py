"""The rules of folding: what the calls of modules and of torch's functions make of values."""
