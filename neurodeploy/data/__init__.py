"""Data that comes in or goes out: files, archives, JSON, arrays, and their limits."""
