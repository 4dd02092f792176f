"""NIR's static facts, as this target supports them."""

from neurodeploy.target import Capabilities, Option

# The receivers that fix a time step have this one.
TIME_STEP = "0.0001"

CAPABILITIES = Capabilities(
    title="NIR (one file for the frameworks and platforms that read it)",
    layers=(
        "dense, with delays of synapses",
        "recurrent dense, of one layer of neurons",
        "conv2d (stride, padding, dilation, groups), kernels whose sides differ by an even number",
        "flatten",
        "sum pool, as a convolution",
        "branches: sums of layers, skips, delays",
    ),
    neurons=(
        "IF and LIF with a hard reset",
        "CUBA LIF",
        "leaky integrators, with and without a current",
    ),
    limits={
        "numbers": "24 bits, which float32 holds; the integers themselves stand beside them",
        "reset": "hard; NIR has no reset that subtracts the threshold",
        "loops": "one layer of neurons, one step",
        "exact": "integrate and fire; leaks are rounded in the program and not in NIR",
        "format": "nir 1.0.8",
    },
    suffixes=(".nir",),
    options={
        "dt": Option("the seconds of a step, which NIR's time constants count in", TIME_STEP),
    },
)
