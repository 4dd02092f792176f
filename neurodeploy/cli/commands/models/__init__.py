"""Commands that make models: of others' networks, and on chips' grids."""
