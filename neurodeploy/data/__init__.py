"""Data on its way in and out: files, archives, JSON, arrays, and their limits."""
