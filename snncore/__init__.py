"""The training library: neurons written once, layers, surrogates; it knows nothing of deployment."""
