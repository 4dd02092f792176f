"""The time loop in CUDA C."""
