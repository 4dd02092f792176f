"""Verilog's steps for proofs: the text of a neuron's module, read by the rules of Verilog."""
