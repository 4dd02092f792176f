"""Programs as C: one file of it, printed and laid out."""
