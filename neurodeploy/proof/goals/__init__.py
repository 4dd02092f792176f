"""The questions whose answers prove a layer's step."""
