"""Files as no exporter of ours writes them: those that Lava loads, and those that it does not."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.conformance.files import FLATTEN, Entry, conv, cuba, dense, image, net_file

RNG = np.random.default_rng(11)
KERNEL = RNG.integers(-60, 90, (2, 1, 2, 2))
WHC = (3, 2, 2)
MIXED = RNG.integers(-60, 90, (3, 2))
FROM_IMAGE = RNG.integers(-40, 60, (3, 12))
LEAKY = cuba(1000, 200, 60)


def small_conv(**more: Any) -> bytes:
    """An image of 1x3x4 and a convolution to 2x2x3."""
    return net_file(image(1, 3, 4), conv(KERNEL, (2, 2, 3), **{"neuron": LEAKY} | more))


def small_dense(weight: Any = MIXED, /, **more: Any) -> bytes:
    """One dense layer of two inputs."""
    return net_file(dense(weight, **more))


def without(key: str, entry: Entry) -> Entry:
    """An entry that lacks something."""
    return {name: value for name, value in entry.items() if name != key}


def stored(values: Any, kind: str) -> Any:
    """Numbers in a type of the file."""
    return np.asarray(values).astype(kind)[()]


UP = np.array([300, 300])
UP_3 = np.array([300, 300, 90])
OWN = np.array([[30, -20, 7], [-16, 40, 2], [9, 12, -8]])


SDNN = {"type": "SDNN", "vThMant": 4}
BY_PHASE = {"type": "RF_PHASE", "vThMant": 5}


def recurrent(own: Any, weight: Any = MIXED, **more: Any) -> bytes:
    """Three neurons that read their own spikes."""
    return small_dense(weight, type="dense_rec", weight_rec=own, **more)


def resonators(sine: Any = 2000.5, cosine: Any = -3000.5, threshold: Any = 40) -> Entry:
    """Resonators whose decays every loader cuts down alike."""
    return {"type": "RF", "sinDecay": sine, "cosDecay": cosine, "vThMant": threshold}


def complex_dense(**more: Any) -> bytes:
    """Three resonators and their two matrices."""
    weight = {"real": MIXED, "imag": MIXED[::-1] - 20}
    return small_dense(MIXED, **{"weight": weight, "neuron": resonators()} | more)


# What the loader changes, and what it takes although nobody would guess.
LOADED: dict[str, bytes] = {
    "positive weights beyond 255 become 0": small_dense([[10, 300], [7, 9]], bias=UP),
    "negative weights below -256 become 0": small_dense([[-10, -300], [-7, -9]], bias=UP),
    "a lowest negative weight of -8 becomes -7": small_dense([[-8, -3], [-1, -8]], bias=UP),
    "a lowest negative weight of -256": small_dense([[-256, -3], [-1, -8]], bias=UP),
    "even negative weights down to -256": small_dense([[-256, -4], [-2, -8]], bias=UP),
    "zeros and -64": small_dense([[0, -64], [-3, 0]], bias=UP),
    "zeros and -128": small_dense([[0, -128], [-3, -128]], bias=UP),
    "zeros and an odd weight below -128 become 0": small_dense([[0, -129], [-3, 0]], bias=UP),
    "zeros and an even weight below -128": small_dense([[0, -130], [-4, 0]], bias=UP),
    "zeros and a weight below -256": small_dense([[0, -300], [-4, 0]], bias=UP),
    "mixed weights beyond both ends are clipped": small_dense([[900, -900], [255, 3]]),
    "a mixed weight of 255 is clipped": small_dense([[255, -1], [3, 80]]),
    "odd weights of nine bits": small_dense([[253, -255], [201, 131]]),
    "weights with fractions are cut": small_dense([[90.9, -20.7], [61.5, -2.9]]),
    "weights in one row": small_dense([80, -20, 90, 5], shape=np.array([2])),
    "a shape of two axes": small_dense(RNG.integers(-20, 90, (6, 2)), shape=np.array([2, 3])),
    "a type in an array of one": small_dense(type=np.array([b"dense"])),
    "a dense layer without neurons": net_file(without("neuron", dense(MIXED))),
    "a dense bias of one value": small_dense(bias=np.array([30])),
    "a dense bias that is a number": small_dense(bias=30),
    "a dense bias with fractions": small_dense(bias=np.array([30.9, -4.9, 7.5])),
    "a bias beyond 16 bits wraps": small_dense(bias=np.array([32768, 65536 + 40, -40000])),
    "a convolution's bias a channel": small_conv(bias=np.array([9, -4])),
    "a convolution's bias in (W, H, C)": small_conv(bias=RNG.integers(-20, 50, WHC)),
    "decays and thresholds a channel": small_conv(
        neuron=cuba(np.array([0, 100]), np.array([4096, 3]), np.array([30, 90]))
    ),
    "decays and thresholds in (W, H, C)": small_conv(
        neuron=cuba(*(RNG.integers(0, top, WHC) for top in (4097, 4097, 90)))
    ),
    "decays and thresholds a neuron": small_dense(
        neuron=cuba(np.array([0, 1, 4096]), np.array([4095, 0, 9]), np.array([0, 200, 40]))
    ),
    "thresholds in 8 bits wrap": small_dense(neuron=cuba(0, 0, stored([100, 2, 70], "i1"))),
    "thresholds in 16 bits wrap": small_dense(neuron=cuba(0, 0, stored([2000, 2, 600], "i2"))),
    "thresholds in 16 bits without a sign": small_dense(
        neuron=cuba(0, 0, stored([4000, 2, 60], "u2"))
    ),
    "a threshold in 16 bits alone does not": small_dense(neuron=cuba(0, 0, stored(600, "i2"))),
    "a negative threshold": small_dense(neuron=cuba(0, 0, -5)),
    "decays in 8 bits": small_dense(
        neuron=cuba(stored([0, 100, 1], "u1"), stored([3, 0, 7], "i1"))
    ),
    "one number for each geometry": small_conv(stride=1, padding=np.int64(0), dilation=np.int8(1)),
    "a kernel of five axes": net_file(
        image(1, 3, 4), conv(KERNEL[..., None], (2, 2, 3), neuron=LEAKY)
    ),
    "a convolution's weights beyond eight bits": net_file(
        image(1, 3, 4), conv(KERNEL * 100, (2, 2, 3), neuron=cuba(1000, 200, 6000))
    ),
    "a convolution of zeros": net_file(
        image(1, 3, 4), conv(KERNEL * 0, (2, 2, 3), bias=np.array([90, 20]))
    ),
    "a convolution's delay is ignored": small_conv(delay=np.array([2, 1])),
    "a depthwise pool of 127 channels": net_file(
        image(127, 2, 2), conv(np.full((127, 1, 2, 2), 20), (127, 1, 1), groups=127)
    ),
    "a delay for all": small_dense(delay=3),
    "a delay for each output": small_dense(delay=np.array([5, 0, 62])),
    "a delay for each input": small_dense(delay=np.array([4, 1])),
    "a delay for each weight": small_dense(delay=np.array([[4, 1], [0, 7], [2, 2]])),
    "delays of a square layer are the outputs'": small_dense([[50, -20], [61, 90]], delay=[0, 6]),
    "delays with fractions are cut": small_dense(delay=np.array([0.9, 2.7, 1.0])),
    "delays beyond 62 are cut": small_dense(delay=np.array([63, 900, 2])),
    "delays of weights that the loader changes": small_dense(
        [[0, -129, -7], [-3, 0, -64]], bias=UP, delay=np.array([[0, 1, 0], [1, 0, 1]])
    ),
    "delays and a sum that is shifted": small_dense(
        [[-8, -3, -1], [-1, -8, -5]], bias=UP, delay=np.array([[0, 1, 0], [1, 0, 1]])
    ),
    "a recurrent layer": recurrent(OWN),
    "a recurrent layer with positive own weights": recurrent(abs(OWN), bias=np.array([9, -3, 40])),
    "a recurrent layer with negative own weights": recurrent(-abs(OWN)),
    "a recurrent layer whose own weights are clipped": recurrent(OWN * 9),
    "a recurrent layer whose own weights are 0": recurrent(OWN * 0),
    "a recurrent layer of negative weights": recurrent(-abs(OWN), -abs(MIXED), bias=UP_3),
    "an image read without a flatten": net_file(image(1, 3, 4), dense(FROM_IMAGE)),
    "an image read with one": net_file(image(1, 3, 4), FLATTEN, dense(FROM_IMAGE)),
    "a flatten of a vector at the input": net_file(image(2), FLATTEN, dense(MIXED)),
    "two flattens": net_file(
        image(1, 3, 4), conv(KERNEL, (2, 2, 3), neuron=LEAKY), FLATTEN, FLATTEN, dense(FROM_IMAGE)
    ),
    "a flatten behind the last layer": net_file(dense(MIXED), FLATTEN),
    "a shape behind the first layer": net_file(dense(MIXED), image(9, 9), dense(MIXED.T)),
    "samples of two axes": net_file(image(3, 4), dense(FROM_IMAGE)),
    "samples of four axes": net_file(image(1, 3, 2, 2), FLATTEN, dense(FROM_IMAGE)),
    "an input block alone": net_file(image(2, 3, 4, neuron=cuba(0, 0, 20))),
    "a recurrent layer in one axis": small_dense(
        MIXED.ravel(), shape=np.array([3]), type="dense_rec", weight_rec=OWN.ravel()
    ),
    "a recurrent layer behind input neurons": net_file(
        image(2, neuron=cuba(4096, 0, 20)), dense(MIXED, type="dense_rec", weight_rec=OWN)
    ),
    "a recurrent layer of numbers": net_file(
        image(2, neuron=SDNN), dense(MIXED, type="dense_rec", weight_rec=OWN, neuron=SDNN)
    ),
    "a recurrent layer behind numbers": net_file(
        image(2, neuron=SDNN), dense(MIXED, type="dense_rec", weight_rec=OWN)
    ),
    "numbers for resonators": net_file(
        image(2, neuron=SDNN),
        {
            "type": "dense",
            "shape": np.array([3]),
            "weight": {"real": MIXED, "imag": MIXED[::-1]},
            "neuron": resonators(),
        },
    ),
    "a dense bias in a row": small_dense(bias=np.array([[100, 20, 30]])),
    "a convolution's bias that is one a column": net_file(
        image(1, 3, 3), conv(KERNEL, (2, 2, 2), bias=np.array([[[30]], [[90]]]))
    ),
    "delays that are none": small_dense(delay=np.zeros(3)),
    "geometry that differs by axis, in groups": net_file(
        image(2, 6, 5),
        conv(
            RNG.integers(-60, 90, (4, 1, 3, 2)),
            (4, 3, 7),
            stride=np.array([2, 1]),
            padding=np.array([1, 2]),
            dilation=np.array([1, 2]),
            groups=2,
            neuron=LEAKY,
        ),
    ),
    "what slayer writes beside": net_file(
        image(2, type=np.array([b"input"])),
        dense(
            MIXED.astype("f4"),
            type=np.array([b"dense"]),
            inFeatures=2,
            outFeatures=3,
            delay=np.zeros(2, "f4"),
            neuron=cuba(np.array([1024], "i4"), np.array([128], "i4"), np.int64(80))
            | {"refDelay": 1, "gradedSpike": True, "wgtExp": 0, "type": np.array([b"CUBA"])},
        ),
    ),
    "an input that says nothing": net_file({"type": "input"}, dense(MIXED)),
    "an input block's weight and bias are notes": net_file(
        image(2, neuron=cuba(4096, 0, 20), weight=7, bias=30), dense(MIXED)
    ),
    "an input block of an image": net_file(
        image(1, 3, 4, neuron=cuba(500, 90, 20)), FLATTEN, dense(FROM_IMAGE)
    ),
}
LOADED |= {
    "resonators": complex_dense(),
    "resonators that fire by their phase": complex_dense(neuron=resonators() | BY_PHASE),
    "resonators that should adapt and do not": complex_dense(
        neuron=resonators(threshold=5) | {"type": "ADRF_PHASE", "tauRho": 9}
    ),
    "resonators unlike one another": complex_dense(
        neuron=resonators(np.array([2000.5, 0, -9.5]), np.array([-1.5, 4095.5, -3000.5]))
    ),
    "decays with any fraction": complex_dense(neuron=resonators(2000.9, np.float32(-3000.1))),
    "resonators that forget at once": complex_dense(neuron=resonators(0, 0)),
    "resonators' weights in one row": complex_dense(
        weight={"real": MIXED.reshape(-1), "imag": MIXED.reshape(-1) + 7.9}
    ),
    "one part of weights that become 0": complex_dense(
        weight={"real": MIXED, "imag": abs(MIXED) + 256}
    ),
    "a resonator's threshold with a point": complex_dense(neuron=resonators(threshold=40.0)),
    "resonators' bias and delay are ignored": complex_dense(bias=UP_3, delay=np.array([1, 2, 3])),
    "resonators between layers": net_file(
        dense(MIXED, neuron=LEAKY),
        {
            "type": "dense",
            "shape": np.array([2]),
            "weight": {"real": MIXED.T, "imag": -MIXED.T},
            "neuron": resonators(),
        },
        dense(MIXED, neuron=LEAKY),
    ),
}
NEVER_FIRES = {"a dense layer without neurons"}

# What stops the loader or the simulation, and what we say.
REFUSED: dict[str, tuple[bytes, str]] = {
    "all weights 0": (small_dense(MIXED * 0), "layer0.weight: is all zero"),
    "own weights alone in one axis": (
        recurrent(OWN.ravel()),
        "weight_rec: a matrix in one axis stops the loader",
    ),
    "numbers that come back as spikes": (
        recurrent(OWN, neuron=SDNN),
        "weight_rec: sends numbers, which the loader takes for spikes",
    ),
    "delays in a column": (
        small_dense(delay=np.array([[5], [0], [2]])),
        r"layer0.delay: \(3, 1\) does not fit \(3, 2\)",
    ),
    "delays in a row": (small_dense(delay=np.array([[5, 1]])), r"layer0.delay: \(1, 2\) does not"),
    "a negative delay": (small_dense(delay=-1), "layer0.delay: -1 steps are before the spike"),
    "a delay that is not a number": (small_dense(delay=np.nan), "layer0.delay: a value is NaN"),
    "a dense bias in a column": (
        small_dense(bias=np.array([[1], [2], [3]])),
        r"layer0.bias: \(3, 1\) does not fit",
    ),
    "a convolution's bias in torch's order": (
        small_conv(bias=np.ones((2, 2, 3), int)),
        r"layer1.bias: \(2, 2, 3\) does not fit",
    ),
    "a stride of 0": (small_conv(stride=0), "stride: .* is not two integers of 1 or more"),
    "a padding of -1": (small_conv(padding=-1), "padding: .* is not two integers of 0 or more"),
    "a pool": (net_file(image(1, 2, 2), {"type": "pool"}), "layer1: 'pool' cannot be loaded"),
    "an unknown layer": (
        net_file(dense(MIXED), {"type": "dropout"}, dense(MIXED.T)),
        "layer1: 'dropout' is a layer that the loader skips without a word",
    ),
    "resonators without complex weights": (
        small_dense(neuron=resonators()),
        "'RF' are driven by dense layers with complex weights alone",
    ),
    "resonators behind a kernel": (
        small_conv(neuron=resonators()),
        "'RF' are driven by dense layers",
    ),
    "complex weights without resonators": (
        complex_dense(neuron=cuba()),
        "complex weights do not drive neurons of type 'CUBA'",
    ),
    "a threshold for each resonator": (
        complex_dense(neuron=resonators(threshold=np.array([3, 4, 5]))),
        "vThMant: .* is not a whole number",
    ),
    "no imaginary weights": (
        complex_dense(weight={"real": MIXED, "imag": MIXED * 0}),
        "layer0.weight.imag: is all zero",
    ),
    "complex weights of unlike shapes": (
        complex_dense(weight={"real": MIXED, "imag": MIXED[:, :1]}),
        r"real and imag are \(3, 2\) and \(3, 1\)",
    ),
    "imaginary weights in one axis": (
        complex_dense(weight={"real": MIXED, "imag": MIXED.reshape(-1)}),
        "imag: a matrix in one axis stops the loader",
    ),
    "real weights alone": (complex_dense(weight={"real": MIXED}), "layer0.weight: is missing"),
    "a decay with a point": (
        small_dense(neuron=cuba(4096.0)),
        "iDecay: is stored as float64, which stops the simulation",
    ),
    "a decay in 64 bits without a sign": (
        small_dense(neuron=cuba(np.uint64(7))),
        "iDecay: is stored as uint64, which stops the simulation",
    ),
    "message bits": (small_dense(neuron=cuba() | {"messageBits": 8}), "messageBits: stops"),
    "a stride in an array of one": (small_conv(stride=np.array([1])), r"stride: has the shape"),
    "groups in an array of one": (small_conv(groups=np.array([1])), "groups: has the shape"),
    "a convolution's bias of one value": (small_conv(bias=np.array([9])), r"bias: \(1,\) does not"),
    "a convolution without neurons": (
        net_file(image(1, 3, 4), without("neuron", conv(KERNEL, (2, 2, 3)))),
        "layer1.neuron: is missing",
    ),
    "a shape that is another": (
        net_file(image(1, 3, 4), conv(KERNEL, (2, 3, 3))),
        r"layer1.shape: \(2, 3, 3\), and the sums are \(2, 2, 3\)",
    ),
    "a flatten of a vector": (
        net_file(dense(MIXED), FLATTEN, dense(MIXED.T)),
        r"layer2: a flatten of \(3,\) stops the loader",
    ),
    "a convolution read without a flatten": (
        net_file(image(1, 3, 4), conv(KERNEL, (2, 2, 3)), dense(FROM_IMAGE)),
        "layer2: reads .* which stops the loader .*'flatten'",
    ),
    "a kernel of 128": (
        net_file(image(1, 128, 3), conv(np.ones((1, 1, 128, 2), int), (1, 1, 2))),
        r"kernel \(128, 2\) or groups 1 is beyond 127",
    ),
}
