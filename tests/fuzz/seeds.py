"""Small valid files of every kind that we read; in a small file, a change hits what counts."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy import graph, program
from neurodeploy.data.codec import dumps
from neurodeploy.frontend import graph_of
from snncore import layer, neuron
from snncore.dynamics.zoo.spiking import CUBA_LIF


def dense() -> nn.Sequential:
    """Build two dense layers on a chip's grid, the first with a bias."""
    torch.manual_seed(0)
    return nn.Sequential(
        quant.Block(quant.Linear(6, 5, bias=True), quant.CubaLIF(threshold=0.5)),
        quant.Linear(5, 3),
        quant.CubaLIF(threshold=0.5, current_decay=0.25),
    )


def image() -> nn.Sequential:
    """Build a convolution, a pool and dense weights on a chip's grid."""
    torch.manual_seed(0)
    return nn.Sequential(
        quant.Block(quant.Conv2d(1, 2, 3), quant.CubaLIF(threshold=0.5)),
        quant.SumPool2d(2),
        layer.Flatten(),
        quant.Linear(8, 3),
        quant.CubaLIF(),
    )


def floats() -> nn.Sequential:
    """Build float layers: a norm, a delay, a recurrent layer and one that runs step by step."""
    torch.manual_seed(0)
    recurrent = layer.Recurrent(
        nn.Sequential(layer.Linear(5, 5), neuron.LIF()), layer.Linear(5, 5, bias=False)
    )
    return nn.Sequential(
        layer.Linear(6, 5), neuron.LIF(), layer.Delay(2), recurrent, layer.Linear(5, 3), neuron.IF()
    )


def plain() -> nn.Sequential:
    """Build float layers that ONNX takes."""
    torch.manual_seed(0)
    return nn.Sequential(
        layer.Conv2d(1, 2, 3), neuron.LIF(), layer.Flatten(), layer.Linear(32, 3), neuron.IF()
    )


class Branches(nn.Module):
    """Two layers that are added."""

    def __init__(self) -> None:
        super().__init__()
        self.left = quant.Block(quant.Linear(6, 3), quant.CubaLIF())
        self.right = quant.Block(quant.Linear(6, 3), quant.CubaLIF())
        self.last = quant.CubaLIF()

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes of the sum."""
        return self.last(self.left(x) + self.right(x))


NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "dense": (dense, (6,)),
    "image": (image, (1, 6, 6)),
    "floats": (floats, (6,)),
    "branches": (Branches, (6,)),
}
ARTIFACTS: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "c": (("dense", {}), ("branches", {"form": "dense"})),
    "loihi": (("dense", {}), ("image", {})),
    "onnx": (
        ("dense", {"form": "scan"}),
        ("image", {"form": "unrolled", "steps": 2}),
        ("branches", {"form": "step", "functions": False}),
    ),
    "lynxi": (("dense", {"steps": 2}), ("image", {"steps": 2})),
    "nir": (("dense", {}), ("image", {"dt": "0.001"})),
}


@cache
def models() -> tuple[bytes, ...]:
    """Return model files."""
    return tuple(
        _file("model.pt", lambda path, name=name: nd.save(NETWORKS[name][0](), path))
        for name in NETWORKS
    )


@cache
def weights() -> tuple[bytes, ...]:
    """Return a file of weights alone, as users of torch have it."""
    return (_file("weights.pt", lambda path: torch.save(dense().state_dict(), path)),)


@cache
def archives() -> tuple[bytes, ...]:
    """Return samples in .npz files, stored and packed, with labels and without."""
    spikes = np.random.default_rng(0).random((4, 3, 6)) < 0.5
    labels = np.array([0, 1, 2])
    return (
        _file("x.npz", lambda p: np.savez(p, samples=spikes, labels=labels)),
        _file("x.npz", lambda p: np.savez_compressed(p, samples=spikes.astype("<f4"))),
    )


@cache
def arrays() -> tuple[bytes, ...]:
    """Return samples in .npy files, in rows and in columns."""
    spikes = np.arange(72).reshape(4, 3, 6) % 2
    return (
        _file("x.npy", lambda p: np.save(p, spikes.astype(np.uint8))),
        _file("x.npy", lambda p: np.save(p, np.asfortranarray(spikes.astype(np.float32)))),
    )


@cache
def artifacts(target: str) -> tuple[dict[str, bytes], ...]:
    """Return artifacts of a target: the content of each file by its name."""
    contents = [_artifact(target, *NETWORKS[name], options) for name, options in ARTIFACTS[target]]
    if target == "onnx":
        contents.append(_artifact(target, plain, (1, 6, 6), {"form": "scan"}))
    return tuple(contents)


@cache
def documents(kind: str) -> tuple[bytes, ...]:
    """Return documents of equations, programs or graphs."""
    networks = [NETWORKS[name] for name in ("dense", "image", "branches")]
    if kind == "program":
        programs = [nd.lower(make(), example=_example(shape)) for make, shape in networks]
        return tuple(program.dumps(p).encode() for p in programs)
    if kind == "graph":
        return tuple(
            graph.dumps(graph_of(make(), example=_example(shape))).encode()
            for make, shape in [*networks, (plain, (1, 6, 6))]
        )
    equations = [CUBA_LIF, neuron.LIF().equations, neuron.Izhikevich().equations]
    return tuple(dumps({"equations": programs}).encode() for programs in equations)


def _example(shape: tuple[int, ...]) -> Tensor:
    return torch.zeros(2, 1, *shape)


def _artifact(
    target: str, make: Callable[[], nn.Module], shape: tuple[int, ...], options: dict[str, Any]
) -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        artifact = Path(folder) / "artifact"
        nd.export(make(), target=target, path=artifact, example=_example(shape), **options)
        return {path.name: path.read_bytes() for path in sorted(artifact.iterdir())}


def _file(name: str, write: Callable[[Path], object]) -> bytes:
    with TemporaryDirectory() as folder:
        write(Path(folder) / name)
        return (Path(folder) / name).read_bytes()
