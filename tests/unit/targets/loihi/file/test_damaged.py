"""Damaged, hostile and foreign files: one clear error that names the place, and nothing else."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from neurodeploy.program import Program
from targets.loihi.compile import FILE
from targets.loihi.target import target
from tests.conformance.files import conv, cuba, dense, edited, image, net_file
from tests.unit.targets.loihi.programs import network

WEIGHT = [[20, -20], [30, 5], [7, 9]]
KERNEL = np.ones((2, 1, 2, 2), dtype=np.int64)


def read(content: bytes) -> Program:
    """Return the program in a bare file."""
    return target.read(Artifact("loihi", {"some.net": content}))


def exported() -> bytes:
    """Return the file of a network with every kind of layer."""
    return target.compile(network()).files[FILE]


SQUARE = np.array([[4, -6], [8, 2]])


def image_net(**more: Any) -> bytes:
    """Return an image and a convolution."""
    return net_file(image(1, 3, 4), conv(KERNEL, (2, 2, 3), **more))


VALUES: dict[str, tuple[bytes, str]] = {
    "NaN weights": (net_file(dense([[1.0, np.nan]])), "layer0.weight: a value is NaN"),
    "infinite weights": (net_file(dense([[1.0, -np.inf]])), "layer0.weight: a value is NaN or inf"),
    "weights beyond 32 bits": (net_file(dense([[1, 1 << 31]])), "weight: a value does not fit 32"),
    "weights of any size": (net_file(dense([[1.0, 1e300]])), "weight: a value does not fit 32"),
    "a bias beyond 32 bits": (
        net_file(dense(WEIGHT, bias=np.full(3, -(1 << 40)))),
        "layer0.bias: a value does not fit 32",
    ),
    "weights of words": (
        net_file(dense(WEIGHT, weight=np.array([b"a"]))),
        r"\|S1 is not a type of n",
    ),
    "complex weights": (net_file(dense([[1j]])), "complex128 is not a type of numbers"),
    "empty weights": (net_file(dense(np.zeros((2, 0), int))), "layer0.weight: is empty"),
    "weights of zero": (net_file(dense(np.zeros((3, 2), int))), "layer0.weight: is all zero"),
    "recurrent weights of zero": (
        net_file(dense(SQUARE * 0, type="dense_rec", weight_rec=SQUARE * 0)),
        "layer0.weight: is all zero, which the loader cannot load",
    ),
    "weights for other neurons": (
        net_file(dense(WEIGHT, shape=np.array([4]))),
        r"layer0.weight: \(3, 2\) does not fit 4 neurons",
    ),
    "weights of three axes": (net_file(dense(np.ones((3, 2, 2), int))), r"\(3, 2, 2\) does not"),
    "weights for another input": (
        net_file(image(3), dense(WEIGHT)),
        r"layer1.weight: takes 2 inputs and is given \(3,\)",
    ),
    "a negative shape": (
        net_file(dense(WEIGHT, shape=np.array([-3]))),
        r"\(-3,\) is not the shape",
    ),
    "a shape of zero": (net_file(image(0, 3, 4)), r"\(0, 3, 4\) is not the shape"),
    "a shape beyond anything": (
        net_file(image(1 << 40, 1 << 40, 1 << 40)),
        "layer0.shape: .* is not the shape of a layer",
    ),
    "a shape with a point": (
        net_file(dense(WEIGHT, shape=np.array([3.0]))),
        "layer0.shape: is stored as float64",
    ),
    "no shape": (net_file({"type": "dense", "weight": WEIGHT}), "layer0.shape: is missing"),
    "no weight": (net_file({"type": "dense", "shape": np.array([3])}), "layer0.weight: is missing"),
    "no type": (net_file({"shape": np.array([3])}), "layer0.type: is missing"),
    "an empty type": (net_file({"type": np.zeros(0, "S4")}), "layer0.type: is empty"),
    "a type that is a number": (net_file({"type": 5}), "layer0: '5' is a layer that the loader"),
    "a weight that is a group": (
        net_file(dense(WEIGHT, weight={"real": 1})),
        "layer0.weight: is missing",
    ),
    "neurons that are a number": (net_file(dense(WEIGHT, neuron=7)), "layer0.neuron: is missing"),
    "neurons without a threshold": (
        net_file(dense(WEIGHT, neuron={"type": "CUBA", "iDecay": 1, "vDecay": 1})),
        "layer0.neuron.vThMant: is missing",
    ),
    "a decay below 0": (net_file(dense(WEIGHT, neuron=cuba(-5))), "iDecay: -5 is not a decay"),
    "a decay above 4096": (net_file(dense(WEIGHT, neuron=cuba(0, 5000))), "vDecay: 5000 is no"),
    "two decays for three neurons": (
        net_file(dense(WEIGHT, neuron=cuba(np.array([1, 2])))),
        r"layer0.neuron: \(2,\) values for a layer of \(3,\)",
    ),
    "an empty threshold": (
        net_file(dense(WEIGHT, neuron=cuba(0, 0, np.zeros(0, int)))),
        "vThMant: is empty",
    ),
    "two biases for three neurons": (
        net_file(dense(WEIGHT, bias=np.array([1, 2]))),
        r"layer0.bias: \(2,\) does not fit the layer's \(3,\)",
    ),
    "delays of another shape": (
        net_file(dense(WEIGHT, delay=np.array([1, 2, 3, 4, 5]))),
        r"layer0.delay: \(5,\) does not fit",
    ),
    "a delay before the spike": (
        net_file(dense(WEIGHT, delay=np.array(-1))),
        "layer0.delay: -1 steps are before the spike",
    ),
    "delays of a recurrent layer": (
        net_file(dense(SQUARE, type="dense_rec", weight_rec=SQUARE, delay=np.array(1))),
        "layer0.delay: the loader loses the scale",
    ),
    "own weights of another shape": (
        net_file(dense(SQUARE, type="dense_rec", weight_rec=SQUARE[:, :1])),
        r"layer0.weight_rec: \(2, 1\) is not \(2,\) \* 2",
    ),
    "a stride of 0": (image_net(stride=np.array([0, 1])), "stride: .* is not two integers of 1"),
    "a negative padding": (image_net(padding=np.array([-1, 0])), "padding: .* of 0 or more"),
    "groups that do not divide": (image_net(groups=3), "groups: 3 does not divide"),
    "no groups": (image_net(groups=0), "groups: 0 does not divide"),
    "a kernel for other channels": (
        net_file(image(5, 3, 4), conv(KERNEL, (2, 2, 3))),
        r"takes \(1, H, W\) and is given \(5, 3, 4\)",
    ),
    "a kernel larger than its input": (
        net_file(image(1, 1, 1), conv(KERNEL, (2, 1, 1))),
        "is larger than its input",
    ),
    "a convolution's sum beyond 32 bits": (
        image_net(weight=KERNEL << 30),
        r"layer1.weight: a sum may reach 4294967296, beyond 32 bits",
    ),
    "a kernel of three axes": (image_net(weight=KERNEL[0]), "layer1.weight: has 3 axes, not 4"),
    "a convolution behind a vector": (
        net_file(image(12), conv(KERNEL, (2, 2, 3))),
        r"takes \(1, H, W\) and is given \(12,\)",
    ),
    "a convolution without an input": (net_file(conv(KERNEL, (2, 2, 3))), "nothing of the input's"),
    "input neurons in the middle": (
        net_file(dense(WEIGHT), image(3, neuron=cuba())),
        "an input behind other layers",
    ),
    "nothing but an input": (net_file(image(3)), "the network ends without neurons"),
    "nothing but a silent input": (net_file({"type": "input"}), "the network ends without neurons"),
    "nothing but a flatten": (
        net_file(image(1, 3, 4), {"type": "flatten"}),
        "layer1: the network ends without neurons",
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_wrong_values_are_named(name: str) -> None:
    content, words = VALUES[name]
    with pytest.raises(ArtifactError, match=words):
        read(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "damaged, or not an HDF5 file"),
        (b"not HDF5 at all", "damaged, or not an HDF5 file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), "damaged, or not an HDF5 file"),
        (b"PK\x03\x04" + bytes(100), "damaged, or not an HDF5 file"),
    ],
)
def test_other_files_are_no_networks(content: bytes, words: str) -> None:
    with pytest.raises(ArtifactError, match=words):
        read(content)


def test_a_file_cut_off_anywhere_is_damaged() -> None:
    content = exported()
    for length in range(0, len(content), 53):
        with pytest.raises(ArtifactError, match=r"some\.net"):
            read(content[:length])


def test_a_file_with_any_bytes_changed_is_read_or_refused() -> None:
    content, rng = exported(), np.random.default_rng(4)
    refused = 0
    for _ in range(250):
        changed = bytearray(content)
        for position in rng.integers(len(content), size=int(rng.choice([1, 2, 8]))):
            changed[position] = int(rng.integers(256))
        try:
            read(bytes(changed))
        except ArtifactError:
            refused += 1
    assert refused > 30


def built(write: Callable[[Any], object]) -> bytes:
    """Return a file that is written by hand."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write(file)
    return buffer.getvalue()


def linked(link: Any, path: str) -> bytes:
    """Return a good network, one part of which is a link."""
    buffer = io.BytesIO(net_file(dense(WEIGHT)))
    with h5py.File(buffer, "r+") as file:
        file.move(path, "/elsewhere")
        file[path] = link
    return buffer.getvalue()


@pytest.mark.parametrize("path", ["/layer", "/layer/0", "/layer/0/weight", "/layer/0/neuron"])
def test_links_are_not_followed(path: str, tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    other.write_bytes(net_file(dense(WEIGHT)))
    for link in (h5py.SoftLink("/elsewhere"), h5py.ExternalLink(str(other), path)):
        with pytest.raises(ArtifactError, match=r"is a link to another place"):
            read(linked(link, path))


def test_data_in_other_files_are_not_read(tmp_path: Path) -> None:
    raw = tmp_path / "raw.bin"
    raw.write_bytes(np.ones(6, dtype=np.int64).tobytes())

    def external(file: Any) -> None:
        group = file.create_group("layer/0")
        group["type"], group["shape"] = np.bytes_("dense"), np.array([3])
        group.create_dataset("weight", (3, 2), "i8", external=[(str(raw), 0, 48)])

    def virtual(file: Any) -> None:
        group = file.create_group("layer/0")
        group["type"], group["shape"] = np.bytes_("dense"), np.array([3])
        layout = h5py.VirtualLayout((3, 2), "i8")
        layout[:] = h5py.VirtualSource(str(raw), "weight", (3, 2))
        group.create_virtual_dataset("weight", layout)

    for write in (external, virtual):
        with pytest.raises(ArtifactError, match=r"layer0\.weight: refers to another file"):
            read(built(write))


def test_a_claim_of_many_values_is_refused_before_they_are_read() -> None:
    def claim(file: Any) -> None:
        group = file.create_group("layer/0")
        group["type"], group["shape"] = np.bytes_("dense"), np.array([3])
        group.create_dataset("weight", (1 << 20, 1 << 20), "i8", chunks=(1024, 1024))

    content = built(claim)
    assert len(content) < 1 << 16
    with pytest.raises(ArtifactError, match=r"layer0\.weight: claims 1099511627776 values"):
        read(content)


def test_a_deep_file_is_no_network_and_no_harm() -> None:
    def nest(file: Any) -> None:
        group = file
        for _ in range(500):
            group = group.create_group("layer")

    with pytest.raises(ArtifactError, match=r"/layer/0 is missing"):
        read(built(nest))


WITHOUT_LAYERS: dict[str, tuple[Callable[[Any], object], str]] = {
    "nothing": (lambda file: file.flush(), "has no /layer"),
    "no layers": (lambda file: file.create_group("layer"), "has no /layer"),
    "a number": (lambda file: file.create_dataset("layer", data=5), "has no /layer"),
    "the second": (lambda file: file.create_group("layer/1"), "/layer/0 is missing"),
    "a layer that is a number": (lambda file: file.create_dataset("layer/0", data=5), "is missing"),
    "a word": (lambda file: file.create_group("layer/first"), "/layer/0 is missing"),
}


@pytest.mark.parametrize("name", WITHOUT_LAYERS)
def test_a_file_without_layers_is_no_network(name: str) -> None:
    write, words = WITHOUT_LAYERS[name]
    with pytest.raises(ArtifactError, match=words):
        read(built(write))


@pytest.mark.parametrize("files", [{}, {"a.net": b"", "b.net": b""}, {"other.txt": b""}])
def test_an_artifact_has_one_net_file(files: dict[str, bytes]) -> None:
    with pytest.raises(ArtifactError, match="files instead of one"):
        target.read(Artifact("loihi", files))


@pytest.mark.parametrize(
    "change",
    [
        {"names": ["a"]},
        {"names": 7},
        {"names": ["input"] * 9},
        {"exponents": [None] * 3},
        {"exponents": ["x"] * 9},
        {"layers": []},
        {"layers": None},
        {"layers": [{}]},
        {"input": "x"},
        {"input": {"bias": 1.5}},
        {"input": {"bias": 1 << 15}},
        {"spike_exp": 7},
        {"spike_exp": "6"},
    ],
)
def test_a_contract_that_does_not_fit_the_file_is_an_error(change: dict[str, Any]) -> None:
    artifact = target.compile(network())
    contract = dict(artifact.contract) | change
    with pytest.raises(ArtifactError, match=r"manifest\.json"):
        target.read(Artifact("loihi", artifact.files, contract, artifact.program))


def test_a_value_that_was_edited_is_read_as_it_stands() -> None:
    content = edited(exported(), "layer/4/weight", lambda value: value + 2)
    before, after = read(exported()), read(content)
    assert np.array_equal(after.synapses[-1].weight, before.synapses[-1].weight + 2)
