"""Every reader of files that may come from others, and the way its inputs are written."""

from collections.abc import Callable
from pathlib import Path
from random import Random

from neurodeploy import graph, program
from neurodeploy.data.codec import loads
from neurodeploy.data.samples_file import read_samples
from neurodeploy.flow import conversion, pipeline
from neurodeploy.frontend import load
from tests.fuzz import seeds
from tests.fuzz.mutation import arrays, folder, hdf5, json_text, protobuf, raw, torch_file
from tests.fuzz.reader import Reader


def _file(name: str, originals: Callable[[], tuple[bytes, ...]], change: raw.Change) -> Callable:
    def make(folder: Path, random: Random) -> Path:
        content = random.choice(originals())
        (folder / name).write_bytes(raw.attempted(change, content, random))
        return folder / name

    return make


def _artifact(target: str) -> Callable[[Path, Random], Path]:
    def make(path: Path, random: Random) -> Path:
        (path / "artifact").mkdir()
        folder.write_changed(random.choice(seeds.artifacts(target)), path / "artifact", random)
        return path / "artifact"

    return make


def _bare(target: str, name: str) -> Callable[[], tuple[bytes, ...]]:
    return lambda: tuple(files[name] for files in seeds.artifacts(target))


def _text(read: Callable[[str], object]) -> Callable[[Path], object]:
    return lambda path: read(path.read_bytes().decode("utf-8", "surrogateescape"))


def _archive(content: bytes, random: Random) -> bytes:
    if random.random() < 0.02:
        return arrays.bomb(random)
    return arrays.changed_archive(content, random)


def _document(kind: str) -> Callable[[Path, Random], Path]:
    return _file(f"{kind}.json", lambda: seeds.documents(kind), json_text.changed)


READERS: dict[str, Reader] = {
    "model": Reader(load, _file("m.pt", seeds.models, torch_file.changed)),
    "weights": Reader(
        lambda path: load(path, build_with="tests.fuzz.seeds:dense"),
        _file("w.pt", seeds.weights, torch_file.changed),
    ),
    "samples.npz": Reader(read_samples, _file("s.npz", seeds.archives, _archive)),
    "samples.npy": Reader(read_samples, _file("s.npy", seeds.arrays, arrays.changed)),
    "loihi": Reader(pipeline.read, _artifact("loihi")),
    "loihi.net": Reader(pipeline.read, _file("x.net", _bare("loihi", "network.net"), hdf5.changed)),
    "convert": Reader(
        conversion.converted, _file("x.net", _bare("loihi", "network.net"), hdf5.changed)
    ),
    "c": Reader(pipeline.read, _artifact("c")),
    "onnx": Reader(pipeline.read, _artifact("onnx")),
    "onnx.onnx": Reader(
        pipeline.read, _file("x.onnx", _bare("onnx", "network.onnx"), protobuf.changed)
    ),
    "lynxi": Reader(pipeline.read, _artifact("lynxi")),
    "nir": Reader(pipeline.read, _artifact("nir")),
    "nir.nir": Reader(pipeline.read, _file("x.nir", _bare("nir", "network.nir"), hdf5.changed)),
    "program": Reader(_text(program.loads), _document("program"), names_the_file=False),
    "graph": Reader(_text(graph.loads), _document("graph"), names_the_file=False),
    "equations": Reader(
        _text(lambda text: loads(text, {}, "equations")),
        _document("equations"),
        names_the_file=False,
        refusals=(ValueError,),
    ),
}
