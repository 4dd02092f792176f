"""The files around a network in Verilog: a bench with golden vectors, and scripts for FPGAs."""
