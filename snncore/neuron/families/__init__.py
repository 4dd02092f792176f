"""Families of neurons beside the zoo's first ones, each defined as a user's own is."""
