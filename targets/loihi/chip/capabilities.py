"""Loihi's static facts, as this target supports them."""

from neurodeploy.target import Capabilities
from targets.loihi.chip.format import BIAS_BITS, FORMAT, STATE_BITS, THRESHOLD_BITS, UNITY

_WEIGHTS = f"{FORMAT.weights.minimum}..{FORMAT.weights.maximum}"

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
        "max pool of spikes, as neurons",
        "branches: sums of layers, skips, with relays",
        "conv1d, conv3d and transposed convolutions, as dense weights",
        "concat, slice, permute, reshape and upsample, within weights",
    ),
    neurons=(
        "CUBA LIF, with IF and LIF as special cases",
        "delta, sigma-delta, sigma",
        "resonate and fire (by phase, Izhikevich's), driven by complex dense layers",
    ),
    limits={
        "weights": f"8 bits with a sign: even integers in {_WEIGHTS} where signs are mixed",
        "states": f"{STATE_BITS} bits; the current wraps, the voltage saturates",
        "decays": f"0..{UNITY} of {UNITY}, one a layer, channel or neuron",
        "threshold": f"{THRESHOLD_BITS} bits",
        "bias": f"{BIAS_BITS + 1} bits with a sign, added to the voltage every step",
        "delays": "0..62 steps, one for each weight of a dense layer",
        "groups, stride, padding, dilation": "at most 127",
        "structure": "one chain of layers, each with neurons; branches become one",
    },
    suffixes=(".net",),
)
