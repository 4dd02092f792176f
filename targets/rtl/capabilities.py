"""The static facts of Verilog, as this target writes it."""

from neurodeploy.target import Capabilities

# Counts are read as integers of any width; beyond this nobody needs them.
_LARGEST_SUM = (1 << 23) - 1

CAPABILITIES = Capabilities(
    title="RTL (Verilog-2001 for any FPGA)",
    layers=(
        "dense",
        "conv2d (stride, padding, dilation, groups)",
        "flatten, reshape, concatenation, slices, permutations, upsampling",
        "max, sum and average pool",
        "products of spikes, and attention",
        "branches, sums of spikes, late edges and loops",
        "conv1d, conv3d as an image that is computed so",
    ),
    neurons=("every neuron that has integer equations",),
    limits={
        "weights, sums and states": "as wide as their proved range, up to 64 bits",
        "time": "one weight a cycle, and one neuron a cycle",
        "memory": "at most 2^24 words in one RAM or ROM",
    },
    largest_sum=_LARGEST_SUM,
)
