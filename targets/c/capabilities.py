"""The static facts of C, as this target writes it."""

from neurodeploy.target import Capabilities, Option

# Counts are read as integers of any width; beyond this nobody needs them.
_LARGEST_SUM = (1 << 23) - 1

CAPABILITIES = Capabilities(
    title="C (C99 for any processor: microcontrollers, hosts)",
    layers=(
        "dense",
        "conv2d (stride, padding, dilation, groups)",
        "flatten",
        "sum, average and max pool",
        "branches, sums of spikes, delays and loops",
        "conv1d, conv3d and transposed convolutions",
        "concat, slice, permute, reshape and upsample",
        "products of spikes and spiking attention",
    ),
    neurons=("every neuron that has integer equations",),
    limits={
        "weights": "integers of any width, in the narrowest type that holds them",
        "sums and states": "64 bits",
        "output": "32 bits",
        "memory": "as much as --option flash and --option ram allow",
    },
    largest_sum=_LARGEST_SUM,
    options={
        "form": Option(
            "event: spikes add rows of weights to sums; dense: every neuron gathers its sum, "
            "with less RAM; auto: event if it fits the RAM",
            "auto",
            ("auto", "event", "dense"),
        ),
        "flash": Option("the flash that there is for the network, as 256K; any without", "any"),
        "ram": Option("the RAM that there is for one nd_network, as 64K; any without", "any"),
    },
)
