"""The time loop in Triton."""
