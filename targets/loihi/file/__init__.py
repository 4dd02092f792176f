"""The .net file: what it holds, and what Lava makes of it."""
