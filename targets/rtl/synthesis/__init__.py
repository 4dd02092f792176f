"""Synthesis: a network on a part of Lattice, as yosys and nextpnr see it."""
