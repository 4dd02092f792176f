"""Damaged, incomplete and contradictory packages: one clear error that names the place."""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from targets.lynxi import target
from targets.lynxi.package.schema import schema_text
from tests.unit.targets.lynxi.programs import image, spikes

PACKAGE = target.compile(image(), steps=2)
Document = dict[str, Any]


def node(document: Document, name: str) -> Document:
    match: Document = next(each for each in document["nodes"] if each["name"] == name)
    return match


def changed(change: Callable[[Document], object], **files: bytes) -> Artifact:
    """Return the package with another network.json and a manifest that nobody wrote."""
    document = json.loads(PACKAGE.files["network.json"])
    change(document)
    content = json.dumps(document).encode()
    return replace(PACKAGE, files={**PACKAGE.files, "network.json": content, **files})


def put(name: str, *path: Any) -> Callable[[Document], object]:
    """Return a change of one value of a node; the last of the path is the value."""

    def change(document: Document) -> None:
        entry: Any = node(document, name) if name else document
        *keys, last, value = path
        for key in keys:
            entry = entry[key]
        entry[last] = value

    return change


def drop(name: str, *path: Any) -> Callable[[Document], object]:
    def change(document: Document) -> None:
        entry: Any = node(document, name) if name else document
        *keys, last = path
        for key in keys:
            entry = entry[key]
        del entry[last]

    return change


def rehashed(document: Document) -> None:
    """Change a weight in the integers, with the hash that it then has."""
    reference = node(document, "dense")["weight"]["integers"]
    weights = bytearray(PACKAGE.files["weights.bin"])
    weights[reference["offset"]] ^= 1
    part = weights[reference["offset"] : reference["offset"] + reference["nbytes"]]
    reference["sha256"] = sha256(part).hexdigest()
    REHASHED["weights.bin"] = bytes(weights)


def swapped(document: Document) -> None:
    """Swap the worst cases of two layers."""
    document["golden"]["layers"].reverse()


def turned(document: Document) -> None:
    """Put the second branch first in the sums of a layer with two."""
    case = document["golden"]["layers"][1]
    case["sums"] = dict(reversed(case["sums"].items()))


def more_vectors(document: Document) -> None:
    """Add the spikes of a layer that is not there."""
    layers = document["golden"]["network"]["layers"]
    layers["more"] = layers["lif3"]


REHASHED: dict[str, bytes] = {}
W = ("weight", "integers")
VECTOR = ("golden", "network", "input")
WORST = ("golden", "layers", 0)
CHANGES: dict[str, tuple[Callable[[Document], object], str]] = {
    "an unknown format": (put("", "format", "other"), "format is 'other'"),
    "a later version": (put("", "version", 2), "version is 2"),
    "no nodes": (put("", "nodes", []), "nodes has 0 items"),
    "no level": (drop("", "level"), "the document has no level"),
    "another level": (put("", "level", "L1"), "level is 'L1', and what it describes has 'L0'"),
    "an unknown layer": (put("flat", "op", "lstm"), "'lstm', which is not a layer"),
    "an unknown member": (put("flat", "colour", 1), ".colour is unknown"),
    "a missing member": (drop("dense", "shift"), "has no shift"),
    "text for a number": (put("dense", "shift", "2"), "shift is '2', not of type integer"),
    "a negative offset": (put("dense", *W, "offset", -64), "offset is -64, not within 0"),
    "an offset outside": (put("dense", *W, "offset", 1 << 20), "lie outside weights.bin"),
    "an offset amid": (put("dense", *W, "offset", 8), "offset 8 is not aligned"),
    "bytes outside": (put("dense", *W, "nbytes", 1 << 40), "lie outside weights.bin"),
    "another size": (put("dense", *W, "nbytes", 64), "are not int8 of shape"),
    "a shape that does not fit": (put("dense", *W, "shape", [5, 25]), "of shape (5, 25)"),
    "another shape": (put("dense", *W, "shape", [24, 5]), "dense"),
    "another type": (put("dense", *W, "dtype", "float64"), "dtype is 'float64'"),
    "a file of no package": (put("dense", *W, "file", "../secret.bin"), "file is '../secret.bin'"),
    "a file that is not there": (put("dense", *W, "file", "more.bin"), "more.bin"),
    "a hash": (put("dense", *W, "sha256", "0" * 64), "does not match its hash"),
    "a hash that is none": (put("dense", *W, "sha256", "x"), "sha256 is 'x'"),
    "a weight": (rehashed, "the float16 values differ from the integers"),
    "a shape": (put("dense", "shape", [6]), "dense.shape is [6]"),
    "a bound": (put("dense", "certificate", "bound", 3), "dense.certificate"),
    "a promise": (put("dense", "certificate", "level", "L1"), "dense.certificate"),
    "a source": (put("dense", "inputs", ["conv2"]), "dense: takes 24 inputs"),
    "a source that is none": (put("dense", "inputs", ["other"]), "reads other"),
    "two sources": (put("dense", "inputs", ["flat", "flat"]), "has 2 inputs"),
    "an output that is none": (put("", "output", "other"), "other"),
    "an operation": (put("lif3", "step", "assignments", 0, "op", "exec"), "op is 'exec'"),
    "another operation": (put("lif3", "step", "assignments", 0, "op", "subtract"), "lif3.step"),
    "equations": (put("lif3", "equations", {"name": "x"}), "network.json"),
    "a number system": (put("lif3", "number_system", {}), "network.json"),
    "a parameter": (drop("lif3", "parameters", "threshold"), "parameters do not match"),
    "a comparison": (drop("lif3", "compared", "threshold-1/2"), "lif3.compared"),
    "a name twice": (put("flat", "name", "dense"), "two nodes have this name"),
    "a stride of 0": (put("conv2", "stride", [0, 1]), "stride[0] is 0"),
    "groups that do not divide": (put("conv2", "groups", 3), "groups"),
    "a port": (
        put("", "reduced", "step", "inputs", 0, "dtype", "float32"),
        "reduced.step.inputs[0]",
    ),
    "other steps": (put("", "reduced", "steps", 3), "reduced.unrolled.inputs[0].shape"),
    "steps without end": (put("", "reduced", "steps", 1 << 40), "reduced.steps is"),
    "another layout": (put("", "layout", "row n * T + t"), "layout is 'row n * T + t'"),
    "an input of the input": (put("in", "inputs", ["dense"]), "in.inputs is ['dense']"),
    "a power": (put("dense", "weight", "float16", 0, "power", 1), "dense.weight"),
    "a kind of neuron": (put("lif3", "neuron", "other"), "lif3.neuron is 'other'"),
    "steps of a worst case": (put("", *WORST, "steps", 5), "golden.layers[0].steps is 5"),
    "its largest sum": (put("", *WORST, "largest_sum", 1), "golden.layers[0].largest_sum is 1"),
    "its layer": (put("", *WORST, "layer", "lif2"), "golden.layers[0].layer is 'lif2'"),
    "no worst case": (put("", "golden", "layers", []), "golden.layers is []"),
    "a worst case of others": (drop("", *WORST, "inputs", "conv.1"), "inputs.conv.1 is missing"),
    "worst cases swapped": (swapped, "golden.layers[0].layer"),
    "sums of another order": (turned, "golden.layers[1].sums has its members in another order"),
    "a vector's shape": (put("", *VECTOR, "shape", [4, 2, 42]), "golden.network.input.shape"),
    "a vector's type": (put("", *VECTOR, "dtype", "uint8"), "input.dtype is 'uint8'"),
    "a vector of no layer": (drop("", "golden", "network", "layers", "lif2"), "layers.lif2.s"),
    "a vector too many": (more_vectors, "golden.network.layers.more is unknown"),
    "a vector": (put("", "golden", "network", "input", "offset", 1 << 20), "outside golden.bin"),
    "an exponent": (put("conv2", "exponent", 999), "exponent is 999"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_changed_document_is_refused(case: str) -> None:
    change, words = CHANGES[case]
    artifact = changed(change)
    if change is rehashed:
        artifact = replace(artifact, files={**artifact.files, **REHASHED})
    with pytest.raises(ArtifactError) as caught:
        target.read(artifact)
    assert words in str(caught.value)


def test_the_document_unchanged_is_read() -> None:
    assert target.read(changed(lambda _: None)) == image()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "the document is [], not of type object"),
        (PACKAGE.files["network.json"][:-9], "is not JSON"),
    ],
)
def test_what_is_no_document_is_refused(content: bytes, words: str) -> None:
    artifact = replace(PACKAGE, files={**PACKAGE.files, "network.json": content})
    with pytest.raises(ArtifactError, match=r"network\.json") as caught:
        target.read(artifact)
    assert words in str(caught.value)


@pytest.mark.parametrize("missing", ["network.json", "weights.bin", "golden.bin"])
def test_a_missing_file_is_named(missing: str) -> None:
    files = {name: content for name, content in PACKAGE.files.items() if name != missing}
    with pytest.raises(ArtifactError, match=missing):
        target.read(replace(PACKAGE, files=files))


@pytest.mark.parametrize("missing", ["compile.py", "step.pt", "apart.onnx", "network.schema.json"])
def test_a_file_that_is_missing_or_too_many_is_named(missing: str) -> None:
    files = {name: content for name, content in PACKAGE.files.items() if name != missing}
    with pytest.raises(ArtifactError, match=f"{missing}: is missing"):
        target.read(replace(PACKAGE, files=files))
    with pytest.raises(ArtifactError, match=r"more\.py: is not a file of a package"):
        target.read(replace(PACKAGE, files={**PACKAGE.files, "more.py": b""}))


@pytest.mark.parametrize("name", ["compile.py", "network.schema.json"])
def test_files_that_are_the_same_in_every_package_are_ours(name: str) -> None:
    files = {**PACKAGE.files, name: PACKAGE.files[name] + b"\n"}
    with pytest.raises(ArtifactError, match=f"{name}: is not the file of this version"):
        target.read(replace(PACKAGE, files=files))


def test_a_member_that_stands_twice_is_refused() -> None:
    content = PACKAGE.files["network.json"]
    twice = content.replace(b'"steps": 2,', b'"steps": 2, "steps": 2,', 1)
    assert twice != content
    with pytest.raises(ArtifactError, match="the key 'steps' occurs twice"):
        target.read(replace(PACKAGE, files={**PACKAGE.files, "network.json": twice}))


@pytest.mark.parametrize("path", ["input", "layers"])
def test_other_golden_vectors_with_hashes_that_fit_are_refused(path: str) -> None:
    document = json.loads(PACKAGE.files["network.json"])
    golden = document["golden"]["network"]
    reference = golden["input"] if path == "input" else golden["layers"]["lif2"]["v"]
    content, begin = bytearray(PACKAGE.files["golden.bin"]), reference["offset"]
    content[begin + 3] ^= 1
    part = content[begin : begin + reference["nbytes"]]
    reference["sha256"] = sha256(part).hexdigest()
    files = {"network.json": json.dumps(document).encode(), "golden.bin": bytes(content)}
    with pytest.raises(ArtifactError, match=rf"golden\.network\.{path}.*\[0, 0, .*\] is "):
        target.read(replace(PACKAGE, files={**PACKAGE.files, **files}))


def test_truncated_weights_are_refused() -> None:
    files = {**PACKAGE.files, "weights.bin": PACKAGE.files["weights.bin"][:-1]}
    with pytest.raises(ArtifactError, match=r"lie outside weights\.bin"):
        target.read(replace(PACKAGE, files=files))


def test_every_flipped_bit_of_the_weights_is_seen() -> None:
    content = PACKAGE.files["weights.bin"]
    used = used_bytes(json.loads(PACKAGE.files["network.json"]))
    for bit in sorted(used)[::7]:
        flipped = bytearray(content)
        flipped[bit] ^= 1 << bit % 8
        with pytest.raises(ArtifactError):
            target.read(replace(PACKAGE, files={**PACKAGE.files, "weights.bin": bytes(flipped)}))


def used_bytes(part: Any) -> set[int]:
    """Return every byte of weights.bin that a reference names."""
    if isinstance(part, list):
        return {byte for each in part for byte in used_bytes(each)}
    if not isinstance(part, dict):
        return set()
    if part.get("file") == "weights.bin":
        return set(range(part["offset"], part["offset"] + part["nbytes"]))
    return {byte for each in part.values() for byte in used_bytes(each)}


def test_the_schema_is_shipped_and_the_package_is_of_it() -> None:
    assert PACKAGE.files["network.schema.json"] == schema_text()


def test_simulators_refuse_it_too() -> None:
    artifact = changed(put("dense", *W, "offset", 1 << 20))
    for simulator in target.simulators:
        with pytest.raises(ArtifactError):
            target.simulate(artifact, spikes(image()), simulator=simulator)
