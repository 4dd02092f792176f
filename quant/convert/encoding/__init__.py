"""The first layers of a converted network: its encoder, and the neurons right behind it."""
