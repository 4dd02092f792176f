"""What a network takes of a chip, and what it does there."""
