"""Hostile files for every reader: valid ones are changed at random, and read in a child process."""
