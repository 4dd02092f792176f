"""An ANN of the demo's size on an emulated Cortex-M4, beside the demo's spiking network.

The same two convolutions and ten classes with ReLUs in int8: weights of 8 bits, a scale of 32 bits
for each channel, as inference libraries for microcontrollers compute them, in plain C at `-Os` in
the same emulator. Correctness first: its classes' sums must be NumPy's. The spiking
network is the demo's, trained for a few epochs; both take the same test images.
"""

from __future__ import annotations

import numpy as np
import torch
from _results import report
from numpy.typing import NDArray

import neurodeploy as nd
from neurodeploy.demo.digits import Digits, load_digits
from neurodeploy.demo.training import float_network, quantized_network, train
from neurodeploy.program import Program
from neurodeploy.simulator import run_golden
from neurodeploy.target import chip_part
from targets.c.check import network_of
from targets.c.compile import texts_of
from targets.c.simulators.emulate import ran
from targets.c.simulators.harness import bare_harness

Int = NDArray[np.int64]
IMAGES = 4
PROCESSORS = ("cortex-m4", "riscv32")
# Of each layer: outputs, inputs, size of the image, stride; the last is dense.
CONVOLUTIONS = ((16, 1, 8, 1), (32, 16, 8, 2))
CLASSES, FEATURES = 10, 512
SHIFT = 31
HARNESS = """#include <stdint.h>
void nd_get(void *to, uint32_t size);
void nd_put(const void *from, uint32_t size);
void nd_run(int32_t steps, int32_t samples);
void ann(const int32_t *image, int32_t *sums);
static int32_t image[64], sums[10];
void nd_run(int32_t steps, int32_t samples)
{
    for (samples *= steps; samples > 0; samples--) {
        nd_get(image, sizeof image);
        ann(image, sums);
        nd_put(sums, sizeof sums);
    }
}
"""
# Around each image lie zeros, so that no product asks whether it is inside.
CONVOLUTION = """
static void convolution%(number)d(const int8_t *in, int8_t *out)
{
    int32_t o, y, x, i, v;
    for (o = 0; o < %(outputs)d; o++)
        for (y = 0; y < %(height)d; y++)
            for (x = 0; x < %(height)d; x++) {
                const int8_t *w = weights%(number)d + o * %(inputs)d * 9;
                const int8_t *at = in + (y * %(stride)d) * %(width)d + x * %(stride)d;
                int32_t sum = bias%(number)d[o];
                for (i = 0; i < %(inputs)d; i++, w += 9, at += %(plane)d)
                    for (v = 0; v < 3; v++) {
                        const int8_t *row = at + v * %(width)d;
                        sum += w[3 * v] * row[0] + w[3 * v + 1] * row[1] + w[3 * v + 2] * row[2];
                    }
                out[%(offset)s] = narrowed(sum, scale%(number)d[o]);
            }
}
"""
ANN = """
static int8_t padded0[100], padded1[1600], features[512];
void ann(const int32_t *image, int32_t *sums);
void ann(const int32_t *image, int32_t *sums)
{
    int32_t i, o;
    for (i = 0; i < 64; i++) padded0[(i / 8 + 1) * 10 + i % 8 + 1] = (int8_t)image[i];
    convolution0(padded0, padded1);
    convolution1(padded1, features);
    for (o = 0; o < 10; o++) {
        int32_t sum = bias2[o];
        for (i = 0; i < 512; i++) sum += weights2[o * 512 + i] * features[i];
        sums[o] = sum;
    }
}
"""
NARROWED = """
static int8_t narrowed(int32_t sum, int32_t scale)
{
    int32_t value = (int32_t)(((int64_t)sum * scale + (INT64_C(1) << 30)) >> 31);
    return (int8_t)(value < 0 ? 0 : value > 127 ? 127 : value);
}
"""


def drawn() -> tuple[list[Int], list[Int], list[Int]]:
    """Draw weights, biases and scales of the three layers."""
    random = np.random.default_rng(0)
    shapes = [(o, i, 3, 3) for o, i, *_ in CONVOLUTIONS] + [(CLASSES, FEATURES)]
    weights = [random.integers(-127, 128, shape) for shape in shapes]
    biases = [random.integers(-500, 500, shape[0]) for shape in shapes]
    fans = [int(np.prod(shape[1:])) for shape in shapes]
    scales = [
        (random.uniform(0.4, 0.6, shape[0]) / (73 * fan**0.5) * 2**SHIFT).astype(np.int64)
        for shape, fan in zip(shapes, fans, strict=True)
    ]
    return weights, biases, scales


def expected(images: Int, weights: list[Int], biases: list[Int], scales: list[Int]) -> Int:
    """Return the sums of the classes, by NumPy."""
    value = images.reshape(-1, 1, 8, 8)
    for layer, (_, _, size, stride) in enumerate(CONVOLUTIONS):
        padded = np.pad(value, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
        windows = windows[:, :, :size:stride, :size:stride]
        sums = np.einsum("niyxvu,oivu->noyx", windows, weights[layer])
        sums += biases[layer][:, None, None]
        narrow = (sums * scales[layer][:, None, None] + (1 << 30)) >> SHIFT
        value = np.clip(narrow, 0, 127)
    if not 0.05 < float((value > 0).mean()) < 0.95:
        raise SystemExit("the ANN's features say nothing")
    result: Int = value.reshape(len(images), -1) @ weights[2].T + biases[2]
    return result


def text(weights: list[Int], biases: list[Int], scales: list[Int]) -> str:
    """Write the ANN as C."""

    def array(kind: str, name: str, values: Int) -> str:
        listed = ", ".join(map(str, values.ravel().tolist()))
        return f"static const {kind} {name}[{values.size}] = {{{listed}}};"

    lines = ["#include <stdint.h>"]
    for layer in range(3):
        lines.append(array("int8_t", f"weights{layer}", weights[layer]))
        lines.append(array("int32_t", f"bias{layer}", biases[layer]))
        if layer < len(CONVOLUTIONS):
            lines.append(array("int32_t", f"scale{layer}", scales[layer]))
    lines.append(NARROWED)
    for number, (outputs, inputs, size, stride) in enumerate(CONVOLUTIONS):
        height, last = size // stride, number == len(CONVOLUTIONS) - 1
        offset = "(o * 4 + y) * 4 + x" if last else "o * 100 + (y + 1) * 10 + x + 1"
        measures = {"width": size + 2, "plane": (size + 2) ** 2, "offset": offset}
        names = {"number": number, "outputs": outputs, "inputs": inputs, "stride": stride}
        lines.append(CONVOLUTION % {**names, **measures, "height": height})
    return "\n".join([*lines, ANN])


def ann(processor: str, images: Int) -> dict[str, int]:
    """Return what the ANN takes, after its sums were NumPy's."""
    numbers = drawn()
    files = {"network.c": text(*numbers), "harness.c": HARNESS}
    sums, took = ran(files, images[None], CLASSES, processor)
    if not (sums[0] == expected(images, *numbers)).all():
        raise SystemExit(f"{processor}: the ANN's sums are not NumPy's")
    return {**took, "ram": took["data"]}


def trained(digits: Digits) -> tuple[Program, Int]:
    """Return the demo's network after a few epochs, and the integers of the images."""
    torch.manual_seed(0)
    floats = float_network()
    train(floats, digits, 3, 0.01, lambda _: None)
    network = quantized_network(floats, "onnx")
    train(network, digits, 2, 0.002, lambda _: None)
    samples = digits.test[:, :IMAGES]
    program = chip_part(nd.lower(network, example=samples, target="c"))
    return program, samples.numpy().astype(np.int64)


def spiking(processor: str, program: Program, integers: Int) -> dict[str, int]:
    """Return what a spiking network takes, after its spikes were golden's."""
    chosen = network_of(program, True)
    files = {**texts_of(chosen), "harness.c": bare_harness()}
    sent, took = ran(files, integers, CLASSES, processor)
    golden = run_golden(program, integers)[program.output].values["s"]
    if not (sent == golden).all() or not golden.any():
        raise SystemExit(f"{processor}: the spikes are not golden's")
    return {**took, "ram": chosen.ram}


def main() -> None:
    """Measure both on each processor."""
    digits = load_digits()
    program, integers = trained(digits)
    images = np.rint(digits.test[:, :IMAGES].mean(0).numpy() * 127).astype(np.int64)
    rows = [
        "| processor | network | flash | RAM | stack | instructions an inference |",
        "|---" * 6 + "|",
    ]
    for processor in PROCESSORS:
        both = {"spiking, 8 steps, by event": spiking(processor, program, integers)}
        both["ANN in int8"] = ann(processor, images.reshape(IMAGES, 64))
        for name, took in both.items():
            rows.append(
                f"| {processor} | {name} | {took['flash']:,} B | {took['ram']:,} B "
                f"| {took['stack']} B | {took['instructions'] / IMAGES:,.0f} |"
            )
    about = (
        "The demo's spiking network (trained for a few epochs) and an ANN of its shapes in int8 "
        "in plain C, both at `-Os` in the same emulator, on the same four images; "
        "after the spikes were golden's and the ANN's sums NumPy's (`benchmarks/c_ann.py`)."
    )
    report("An ANN of the demo's size on a microcontroller", about, rows)


if __name__ == "__main__":
    main()
