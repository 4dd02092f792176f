"""Lava's results equal the facts, bit for bit, on the step that they answer."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurodeploy.errors import SamplesError, SimulatorError
from neurodeploy.sandbox import Environment, Limits, run_worker
from targets.loihi.simulators.simulate import LavaRun, run_lava
from tests.conformance.lava_reference import Layer, net_bytes, reference

PUBLISHED = Path(__file__).parents[4] / "shared/data/lava-dl"


def mixed(rng: np.random.Generator, shape: tuple[int, ...], scale: int) -> np.ndarray:
    """Draw weights of both signs."""
    weight = rng.integers(-scale // 2, scale, shape)
    weight.flat[:2] = (-scale // 2, scale)
    return weight


def neuron(rng: np.random.Generator, reach: int) -> tuple[int, int, int]:
    """Draw decays, the ends of their range included, and a threshold that is sometimes met."""
    decays = [int(rng.choice([0, 1, 4095, 4096, rng.integers(4097)])) for _ in range(2)]
    return decays[0], decays[1], int(rng.integers(1, reach))


def dense(rng: np.random.Generator, inputs: int, outputs: int, scale: int = 250) -> Layer:
    """Draw a dense layer, one in two with bias."""
    bias = rng.integers(-60, 90, outputs) if rng.random() < 0.5 else None
    weight = mixed(rng, (outputs, inputs), scale)
    return Layer("dense", (outputs,), weight, bias, neuron(rng, 2 * scale))


def conv(rng: np.random.Generator, shape: tuple[int, ...], scale: int = 200) -> Layer:
    """Draw a convolution for an input of this shape."""
    pairs = {
        "stride": tuple(map(int, rng.integers(1, 3, 2))),
        "padding": tuple(max(int(rng.integers(3)), (6 - size) // 2) for size in shape[1:]),
        "dilation": tuple(map(int, rng.integers(1, 3, 2))),
    }
    kernel = tuple(map(int, rng.integers(1, 4, 2)))
    groups = int(rng.choice([1, shape[0]]))
    sides = [
        (size + 2 * pad - step * (width - 1) - 1) // stride + 1
        for size, pad, step, width, stride in zip(
            shape[1:], pairs["padding"], pairs["dilation"], kernel, pairs["stride"], strict=True
        )
    ]
    channels = groups * int(rng.integers(1, 3))
    bias = rng.integers(-60, 90, channels) if rng.random() < 0.5 else None
    weight = mixed(rng, (channels, shape[0] // groups, *kernel), scale)
    out = (channels, *sides)
    return Layer("conv", out, weight, bias, neuron(rng, 2 * scale), pairs, groups)


def random_network(seed: int) -> tuple[list[Layer], np.ndarray]:
    """Draw a network of one to four layers of neurons, and samples for it."""
    rng = np.random.default_rng(seed)
    steps, count = int(rng.choice([1, 2, 3, 9, 20])), int(rng.integers(1, 5))
    layers: list[Layer] = []
    shape: tuple[int, ...] = (int(rng.integers(1, 13)),)
    image = seed % 2 == 1
    if image:
        shape = (int(rng.integers(1, 4)), int(rng.integers(5, 9)), int(rng.integers(5, 9)))
        layers.append(Layer("input", shape))
    if seed % 5 == 0:
        layers[:1] = [Layer("input", shape, neuron=neuron(rng, 300))]
        samples = rng.integers(-150, 300, (steps, count, *shape))
    else:
        samples = rng.random((steps, count, *shape)) < 0.6
    if image:
        for _ in range(int(rng.integers(1, 3))):
            layers.append(conv(rng, layers[-1].shape))
        layers.append(Layer("flatten", ()))
    size = int(np.prod(layers[-2].shape if image else shape))
    for _ in range(int(rng.integers(1, 4))):
        layers.append(dense(rng, size, int(rng.integers(2, 12))))
        size = layers[-1].shape[0]
    return layers, samples


def extremes() -> list[tuple[list[Layer], np.ndarray]]:
    """Build networks whose currents wrap, whose voltages saturate, or that meet the threshold."""
    ones = np.ones((30, 2, 1, 4, 4), bool)
    pairs = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1)}
    weight = np.full((2, 1, 3, 3), 2000)
    weight[1] *= -1
    wraps = Layer("conv", (2, 4, 4), weight, None, (0, 4096, 9000), pairs)
    saturates = replace(wraps, neuron=(0, 0, 200_000))
    carries = replace(wraps, weight=weight * 700, neuron=(4096, 4096, 100))
    equal = Layer("dense", (2,), np.array([[7, 3], [-7, 9]]), np.array([0, 1]), (4096, 0, 30))
    spikes = np.ones((25, 3, 2), bool)
    return [([wraps], ones), ([saturates], ones), ([carries], ones), ([equal], spikes)]


def cases(full: bool) -> list[tuple[list[Layer], np.ndarray]]:
    """Return everything that is compared, in one worker."""
    return [random_network(seed) for seed in range(40 if full else 16)] + extremes()


def assert_same(actual: list[dict[str, np.ndarray]], expected: list[dict[str, np.ndarray]]) -> None:
    """Check that every layer, state, step, sample and neuron is the same."""
    assert len(actual) == len(expected) > 0
    for index, (one, other) in enumerate(zip(actual, expected, strict=True)):
        for name in "suv":
            assert one[name].shape == other[name].shape, (index, name)
            assert np.array_equal(one[name], other[name]), (index, name)


def test_random_networks_compute_what_the_facts_say(full: bool, lava: Environment) -> None:
    """Spikes, currents and voltages, every layer, every step, every sample."""
    networks = cases(full)
    results = run_lava([LavaRun(net_bytes(layers), samples) for layers, samples in networks])
    spikes = steps = 0
    for (layers, samples), result in zip(networks, results, strict=True):
        assert_same(result, reference(layers, samples))
        spikes += sum(int(layer["s"].sum()) for layer in result)
        steps += samples.shape[0] * samples.shape[1]
    assert steps > (500 if full else 250)
    assert spikes > (2000 if full else 1000)


def test_extremes_are_reached() -> None:
    """The extreme networks are what they are meant to be, and one flipped weight is seen."""
    wraps, saturates, carries, equal = (reference(*case)[0] for case in extremes())
    assert abs(np.diff(wraps["u"], axis=0)).max() > 2**23
    assert saturates["v"].max() == 2**23 - 1
    assert saturates["v"].min() == 1 - 2**23
    assert abs(carries["u"]).max() < 9 * 2000 * 700 << 6
    assert (equal["v"] == 30 << 6).any()
    (layer,), samples = extremes()[3]
    flipped = replace(layer, weight=layer.weight ^ 1)
    with pytest.raises(AssertionError):
        assert_same(reference([flipped], samples), [equal])


def test_samples_are_independent_however_they_are_shared_out(lava: Environment) -> None:
    """One worker or three, one network or many: the same values for the same sample."""
    layers, samples = random_network(7)
    samples = np.random.default_rng(1).random((6, 7, *samples.shape[2:])) < 0.5
    run = LavaRun(net_bytes(layers), samples)
    (shared,), alone = run_lava([run], jobs=3), run_lava([run, run], jobs=2)
    assert_same(shared, reference(layers, samples))
    assert_same(shared, alone[0])
    assert_same(shared, alone[1])


def test_spikes_that_outlive_a_reset_do_not_reach_the_next_sample(lava: Environment) -> None:
    """Recurrent and delayed spikes stay in their sample, and biases start with it."""
    rng = np.random.default_rng(3)
    recurrent = {"weight_rec": rng.integers(-100, 120, (6, 6))}
    first = replace(dense(rng, 5, 6), kind="dense_rec", bias=None, more=recurrent)
    second = replace(dense(rng, 6, 4), bias=None, more={"delay": np.array([0, 3, 1, 0, 2, 7])})
    layers = [replace(layer, neuron=(2000, 1000, 150)) for layer in (first, second)]
    samples = rng.random((12, 3, 5)) < 0.6
    (results,) = run_lava([LavaRun(net_bytes(layers), samples)])
    assert_same(results, reference(layers, samples))
    assert results[1]["s"].sum() > 20
    layers[0] = replace(layers[0], bias=20 * np.arange(6))
    (results,) = run_lava([LavaRun(net_bytes(layers), samples)])
    assert_same(results, reference(layers, samples))


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published networks are not here")
class TestPublished:
    """Intel's own files."""

    def test_tiny_gives_the_published_spikes(self, lava: Environment) -> None:
        """A constant current into input neurons, and two convolutions with bias."""
        current = np.load(PUBLISHED / "tinynet/input_bias.npy").astype(np.int64).T
        samples = np.broadcast_to(current, (16, 2, *current.shape))
        run = LavaRun((PUBLISHED / "tiny.net").read_bytes(), samples)
        (layers,) = run_lava([run])
        assert [layer["s"].shape[2:] for layer in layers] == [(3, 16, 16), (24, 6, 6), (36, 1, 1)]
        for layer, name in ((layers[1], "layer1"), (layers[2], "output")):
            # slayer, which published them, delays its input neurons' spikes by a step
            silent, *published = np.moveaxis(np.load(PUBLISHED / f"tinynet/{name}.npy"), -1, 0)
            assert not silent.any()
            assert np.sum(published) > 50
            assert np.array_equal(layer["s"][:-1, :1], published)
            assert np.array_equal(layer["s"][:-1, 1:], published)

    def test_mnist_without_neurons_in_its_last_layer(self, lava: Environment) -> None:
        """Lava gives a layer without neurons one that only adds up."""
        samples = np.random.default_rng(0).integers(0, 100, (16, 2, 784))
        (layers,) = run_lava([LavaRun((PUBLISHED / "mnist.net").read_bytes(), samples)])
        assert [layer["s"].shape[2:] for layer in layers] == [(784,), (512,), (512,), (10,)]
        with h5py.File(PUBLISHED / "mnist.net") as file:
            weight = file["layer/3/weight"][()].astype(np.int64)
        total = (layers[2]["s"].astype(np.int64) @ weight.T << 6).cumsum(0)
        assert layers[2]["s"].sum() > 100
        assert not layers[3]["s"].any()
        assert np.array_equal(layers[3]["u"], total)


@pytest.mark.parametrize(
    ("layers", "samples", "words"),
    [
        ([Layer("pool", (2,))], np.ones((2, 1, 2), bool), "no type 'pool'"),
        (
            [Layer("dense", (2,), np.array([[1, -1]] * 2), None, (1, 1, 1))],
            np.ones((2, 1, 3), bool),
            r"samples are \(3,\), the network takes \(2,\)",
        ),
        (
            [Layer("dense", (2,), np.array([[1, -1]] * 2), None, (1, 1, 1))],
            np.full((2, 1, 2), 2),
            "not 0 or 1",
        ),
        # an iDecay that is not an integer kills one of Lava's own processes
        (
            [Layer("dense", (2,), np.array([[1, -1]] * 2), None, (4096.0, 1, 1))],
            np.ones((2, 1, 2), bool),
            "one of Lava's own processes died",
        ),
    ],
)
def test_what_lava_cannot_run_is_an_error(
    lava: Environment, layers: list[Layer], samples: np.ndarray, words: str
) -> None:
    """It says what, and does not wait for ever."""
    with pytest.raises(SimulatorError, match=words):
        run_lava([LavaRun(net_bytes(layers), samples)], limits=Limits(seconds=60))


def test_models_are_searched_once_for_each_class(lava: Environment) -> None:
    """Lava executes a folder of files in every search."""
    counting = replace(lava, worker=Path(__file__).with_name("counting_worker.py"))
    searches = run_worker(counting, {"worker": str(lava.worker)}).result
    assert {"Dense", "RingBuffer"} <= set(searches)
    assert set(searches.values()) == {1}


def test_bad_samples_are_refused_before_anything_starts() -> None:
    """No integers, too large ones, or nothing at all."""
    with pytest.raises(SamplesError, match="integers, not float64"):
        LavaRun(b"", np.ones((2, 2, 2)))
    with pytest.raises(SamplesError, match="fit 32 bits"):
        LavaRun(b"", np.full((2, 2, 2), -(2**63)))
    with pytest.raises(SamplesError, match="not empty"):
        LavaRun(b"", np.ones((0, 2, 2), int))
