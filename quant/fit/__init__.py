"""Units and thresholds fitted to samples and in training."""
