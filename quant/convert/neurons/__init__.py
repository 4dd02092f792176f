"""A float neuron's nearest neuron on a chip."""
