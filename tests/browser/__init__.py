"""Pages in a real Chromium, which is driven by its own protocol."""
