"""Lynxi KA200's static facts, as this target supports them."""

from neurodeploy.target import Capabilities, Option

STEPS = 16
# Beyond this a float16 does not hold every integer.
_LARGEST_SUM = 1 << 11

CAPABILITIES = Capabilities(
    title="Lynxi KA200 (reduced modules for Lyngor, and an exchange package)",
    layers=(
        "dense",
        "conv2d (stride, padding, dilation, groups)",
        "max pool",
        "average and sum pool",
        "flatten",
        "residual add",
        "conv1d and transposed convolutions",
        "concat, slice, permute, reshape and upsample",
        "products of spikes and spiking attention",
    ),
    neurons=(
        "IF and LIF with hard or soft reset, to any value",
        "any neuron whose integers are sums, products, shifts, comparisons and choices",
    ),
    limits={
        "weights": "integers that are one float16: all up to 2048",
        "thresholds, biases, limits": "up to 2^24",
        "exact in float16 (L0)": "no partial sum or value beyond 2^11",
        "exact in float32 (L1)": "no partial sum or value beyond 2^24",
        "input": "spikes, or currents of -2048..2048; at most three axes",
        "structure": "any without delays and loops, ending in neurons",
    },
    largest_sum=_LARGEST_SUM,
    options={"steps": Option("steps of the unrolled form and its vectors", STEPS)},
)
