"""The parts that every language's time loop shares, and the loop in torch, which defines them."""
