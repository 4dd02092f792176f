"""The exchange package: network.json, weights.bin, golden vectors."""
