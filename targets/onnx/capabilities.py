"""ONNX's static facts, as this target supports them."""

from neurodeploy.target import Capabilities, Option

# What weights read as three bytes.
_LARGEST_SUM = (1 << 23) - 1

CAPABILITIES = Capabilities(
    title="ONNX (one file for onnxruntime and other runtimes)",
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
        "weights": "integers of any width; 8 bits with a sign are the fastest",
        "sums": "62 bits; 131,071 inputs of full range a neuron",
        "states": "32 bits, or 64 where their ranges need them",
        "floats": "networks that are not quantized, marked, equal within a tolerance",
        "file": "2 GB",
        "format": "opset 21, IR 10: onnxruntime 1.18 and later",
    },
    suffixes=(".onnx",),
    largest_sum=_LARGEST_SUM,
    options={
        "form": Option(
            "scan over any number of steps, one step with its states outside, or all steps "
            "written out",
            "scan",
            ("scan", "step", "unrolled"),
        ),
        "steps": Option("how many steps an unrolled graph has", 16),
        "functions": Option("layers as functions; without, for runtimes that have none", True),
        "trace": Option("give every layer's spikes and states, in a scan", False),
    },
)
