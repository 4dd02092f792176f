"""Loihi's static facts, as this target supports them."""

from neurodeploy.target import Capabilities

CAPABILITIES = Capabilities(
    title="Intel Loihi (the .net file that Lava's netx loads)",
    layers=(
        "dense, with delays of synapses",
        "recurrent dense",
        "complex dense",
        "input neurons, with a scale and a bias",
        "conv2d (stride, padding, dilation, groups)",
        "flatten",
        "sum pool",
    ),
    neurons=(
        "CUBA LIF, with IF and LIF as special cases",
        "delta, sigma-delta, sigma",
        "resonate and fire (by phase, Izhikevich's), driven by complex dense layers",
    ),
    limits={
        "weights": "8 bits with a sign: even integers in -256..254 where signs are mixed",
        "states": "24 bits; the current wraps, the voltage saturates",
        "decays": "0..4096 of 4096, one a layer, channel or neuron",
        "threshold": "17 bits",
        "bias": "13 bits with a sign, added to the voltage every step",
        "delays": "0..62 steps, one for each weight of a dense layer",
        "groups, stride, padding, dilation": "at most 127",
        "structure": "one chain of layers, each with neurons",
    },
    suffixes=(".net",),
)
