"""The .net file: its content, and Lava's interpretation of it."""
