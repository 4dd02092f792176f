"""The parts that graphs and programs share: tables of kinds, and the shapes of their values."""
