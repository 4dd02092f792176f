"""The fitting of units and thresholds, to samples and in training."""
