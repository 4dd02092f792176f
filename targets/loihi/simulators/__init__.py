"""Lava and the emulators beside it, each in its sandbox."""
