"""The judges of C: compilers of this machine and of the package index, and emulated processors."""
