"""The training library: neurons, layers, surrogates; it knows nothing of deployment."""
