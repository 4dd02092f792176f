"""Ways to change a valid file: blindly, or knowing its format so that the change gets deep."""
