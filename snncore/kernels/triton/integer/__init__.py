"""A program's integers in Triton: products of bytes in 32 bits, pools, and steps of neurons."""
