"""Files that others wrote: what Lava makes of them is what we read, or they are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, SimulatorError
from neurodeploy.program import Program
from neurodeploy.report import Status
from neurodeploy.sandbox import Environment, Limits
from neurodeploy.simulator import run_golden
from neurodeploy.trace import Trace
from targets.loihi.loader import loaded_weights
from targets.loihi.simulate import LavaRun, Layers, run_lava
from targets.loihi.target import target
from tests.conformance.files import FLATTEN, Entry, conv, cuba, dense, image, net_file
from tests.conformance.summary import show

RNG = np.random.default_rng(11)
KERNEL = RNG.integers(-60, 90, (2, 1, 2, 2))
WHC = (3, 2, 2)
MIXED = RNG.integers(-60, 90, (3, 2))
FROM_IMAGE = RNG.integers(-40, 60, (3, 12))
LEAKY = cuba(1000, 200, 60)


def small_conv(**more: Any) -> bytes:
    """An image of 1x3x4 and a convolution to 2x2x3."""
    return net_file(image(1, 3, 4), conv(KERNEL, (2, 2, 3), **{"neuron": LEAKY} | more))


def small_dense(weight: Any = MIXED, **more: Any) -> bytes:
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


def recurrent(own: Any, weight: Any = MIXED, **more: Any) -> bytes:
    """Three neurons that read their own spikes."""
    return small_dense(weight, type="dense_rec", weight_rec=own, **more)


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
    "an input that says nothing": net_file({"type": "input"}, dense(MIXED)),
    "an input block's weight and bias are notes": net_file(
        image(2, neuron=cuba(4096, 0, 20), weight=7, bias=30), dense(MIXED)
    ),
    "an input block of an image": net_file(
        image(1, 3, 4, neuron=cuba(500, 90, 20)), FLATTEN, dense(FROM_IMAGE)
    ),
}
NEVER_FIRES = {"a dense layer without neurons"}

# What stops the loader or the simulation, and what we say.
REFUSED: dict[str, tuple[bytes, str]] = {
    "all weights 0": (small_dense(MIXED * 0), "layer0.weight: is all zero"),
    "a pool": (net_file(image(1, 2, 2), {"type": "pool"}), "layer1: 'pool' cannot be loaded"),
    "an unknown layer": (
        net_file(dense(MIXED), {"type": "dropout"}, dense(MIXED.T)),
        "layer1: 'dropout' is a layer that the loader skips without a word",
    ),
    "resonators": (small_dense(neuron={"type": "RF", "vThMant": 3}), "type 'RF' are not supported"),
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


def read(content: bytes) -> Program:
    """What we make of a file."""
    return target.read(Artifact("loihi", {"network.net": content}))


def samples_for(program: Program, seed: int = 3) -> Any:
    """Samples of its input: spikes, or currents."""
    rng = np.random.default_rng(seed)
    # So long that the latest spike arrives.
    late = max(edge.delay for node in program.nodes for edge in node.sources)
    shape = (8 + late, 2, *program.input.shape)
    if program.input.signal.value == "current":
        return rng.integers(-20, 60, shape)
    return (rng.random(shape) < 0.6).astype(np.int64)


def difference(golden: Trace, layers: Layers) -> list[str]:
    """Which arrays differ, and in how many places."""
    return [
        f"{name}.{key}: {int((golden[name].values[key] != values[key]).sum())} values"
        for name, values in zip(golden, layers, strict=True)
        for key in "suv"
        if not np.array_equal(golden[name].values[key], values[key])
    ]


@pytest.fixture(scope="module")
def simulated(lava: Environment) -> dict[str, Layers]:
    """What Lava makes of every file that it loads, in one run."""
    runs = [LavaRun(content, samples_for(read(content))) for content in LOADED.values()]
    return dict(zip(LOADED, run_lava(runs), strict=True))


@pytest.mark.parametrize("name", LOADED)
def test_lava_computes_what_we_read(name: str, simulated: dict[str, Layers]) -> None:
    program = read(LOADED[name])
    golden = run_golden(program, samples_for(program))
    assert difference(golden, simulated[name]) == []
    assert (golden.spikes() == 0) == (name in NEVER_FIRES)


@pytest.mark.parametrize("name", REFUSED)
def test_what_stops_lava_is_refused(name: str) -> None:
    content, words = REFUSED[name]
    with pytest.raises(ArtifactError, match=words):
        read(content)


def test_lava_is_stopped_by_what_we_refuse(full: bool, lava: Environment) -> None:
    # A worker for each, so the subset is content with some.
    for name, (content, _) in list(REFUSED.items())[:: 1 if full else 4]:
        shape = (1, 128, 3) if name == "a kernel of 128" else (1, 3, 4)
        samples = np.ones((3, 1, *(shape if b"conv" in content else (2,))), dtype=np.int64)
        with pytest.raises(SimulatorError) as caught:
            run_lava([LavaRun(content, samples)], limits=Limits(seconds=60))
        assert "the samples are" not in str(caught.value), name


def test_a_bare_file_is_verified_without_a_model(lava: Environment, tmp_path: Path) -> None:
    path = tmp_path / "foreign.net"
    path.write_bytes(LOADED["even negative weights down to -256"])
    report = nd.verify(path, random=(16, 3, 0.5, 1), simulator="lava")
    assert report.equal
    statuses = {link.name: link.status for link in report.links if link.requested}
    assert statuses == {"golden = fast": Status.EQUAL, "golden = lava": Status.EQUAL}
    (structure,) = [link for link in report.links if link.name == "program = artifact"]
    assert structure.status == Status.NOT_RUN
    assert structure.reason is not None
    assert "no manifest" in structure.reason


def test_groups_that_the_simulation_takes_for_none_are_refused(lava: Environment) -> None:
    weight = np.full((128, 1, 2, 2), 20)
    content = net_file(image(128, 2, 2), conv(weight, (128, 1, 1), groups=128))
    with pytest.raises(ArtifactError, match="groups 128 is beyond 127"):
        read(content)
    ((layer,),) = run_lava([LavaRun(content, np.ones((3, 1, 128, 2, 2), dtype=np.int64))])
    assert not layer["u"].any()


# Values at which the loader changes its mind.
EDGES = (0, 1, 2, 3, 4, 8, 63, 64, 65, 127, 128, 129, 130, 254, 255, 256, 257, 300, 511, 2000)


def corner_matrix(rng: np.random.Generator) -> Any:
    """Four inputs to some neurons, with values at the edges and often of one sign."""
    edges = np.array(EDGES[: int(rng.integers(3, len(EDGES) + 1))])
    size = (int(rng.integers(1, 5)), 4)
    drawn = rng.choice(edges, size)
    signs = {"positive": 1, "negative": -1, "mixed": rng.choice([-1, 1], size)}
    scale = int(rng.choice([1, 1, 2, 4]))
    return drawn * signs[str(rng.choice(list(signs)))] * scale


@pytest.mark.timeout(1200)
def test_lava_loads_weights_as_the_model_says(
    full: bool, lava: Environment, pytestconfig: pytest.Config
) -> None:
    rng = np.random.default_rng(17)
    drawn = [corner_matrix(rng) for _ in range(400 if full else 40)]
    matrices = [matrix for matrix in drawn if loaded_weights(matrix) is not None]
    # Every set of inputs once, and a current that is the sum alone.
    samples = (np.arange(16)[:, None, None] >> np.arange(4) & 1).astype(np.int64)
    files = [net_file(dense(matrix, neuron=cuba(4096, 4096))) for matrix in matrices]
    changed = 0
    results = run_lava([LavaRun(content, samples) for content in files], jobs=2)
    for matrix, content, (layer,) in zip(matrices, files, results, strict=True):
        golden = run_golden(read(content), samples)
        assert difference(golden, [layer]) == [], matrix.tolist()
        changed += not np.array_equal(layer["u"] >> 6, samples @ matrix.T)
    text = (
        f"{len(matrices)} weight matrices, of which the loader changes {changed}: 0 values differ"
    )
    show(pytestconfig, "Loihi: weights as Lava loads them", text)
    assert len(matrices) > len(drawn) // 2
    assert len(matrices) // 4 < changed < len(matrices)
