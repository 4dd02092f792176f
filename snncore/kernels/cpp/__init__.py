"""The time loop in C++."""
