"""Programs that NIR holds, and a plain reading of the files that are written for them."""

import io
from typing import Any

import h5py
import numpy as np

from neurodeploy.artifact import Artifact
from neurodeploy.program import Conv2d, Dense, Edge, Flatten, Input, Neuron, Program
from snncore.dynamics import Format, NumberSystem
from snncore.dynamics.zoo.readout import INTEGRATOR, integrating
from snncore.dynamics.zoo.spiking import CUBA_LIF, Fire, Reset, biased_if, biased_lif
from targets.nir import target
from targets.nir.compile import FILE

_STATE = Format(20, 2)
SYSTEM = NumberSystem(
    "plain",
    (("u", _STATE), ("v", _STATE)),
    (
        *((name, 0) for name in ("threshold", "rest", "bias")),
        *((name, 4) for name in ("decay", "current_decay", "voltage_decay")),
    ),
)
EXPONENT = -3
WEIGHT = np.array([[64, -32], [100, 7], [0, 90]])


def neurons(name: str, *edges: Edge | str, reset: Reset = Reset.HARD, **values: Any) -> Neuron:
    """Integrate and fire, which leaks if it has a decay and has a current if it has two."""
    read = tuple(Edge(edge) if isinstance(edge, str) else edge for edge in edges)
    fire, equations = Fire(reset), biased_if(Fire(reset))
    if "decay" in values:
        equations = biased_lif(fire)
    if "current_decay" in values:
        equations = CUBA_LIF
    defaults = {"threshold": 90, "rest": 0, "bias": 0} | values
    parameters = {key: np.asarray(defaults[key]) for key in equations.parameters}
    return Neuron(name, read, equations, SYSTEM, parameters, EXPONENT)


def readout(name: str, *edges: str, **values: int) -> Neuron:
    """Leaky integrators that show their voltage."""
    read = tuple(Edge(edge) for edge in edges)
    parameters = {key: np.asarray(values.get(key, 0)) for key in INTEGRATOR.parameters}
    return Neuron(name, read, INTEGRATOR, integrating(SYSTEM), parameters, EXPONENT)


def dense(name: str, edge: Edge | str, weight: Any = WEIGHT, **changes: Any) -> Dense:
    """Dense weights."""
    read = Edge(edge) if isinstance(edge, str) else edge
    return Dense(name, read, np.asarray(weight), EXPONENT, **changes)


def small(**values: Any) -> Program:
    """Dense weights and three neurons."""
    return Program((Input("in", (2,)), dense("d", "in"), neurons("n", "d", **values)), "n")


def image() -> Program:
    """A convolution of two groups with a bias for each channel, flattened into a readout."""
    kernel = np.arange(36).reshape(4, 1, 3, 3) - 9
    bias = np.array([3, -2, 0, 5]).reshape(4, 1, 1)
    nodes = (
        Input("in", (2, 5, 5)),
        Conv2d("c", Edge("in"), kernel, (2, 2), (1, 1), groups=2, exponent=EXPONENT),
        neurons("n.0", "c", bias=bias, threshold=40),
        Flatten("f", Edge("n.0")),
        dense("d", "f", np.arange(72).reshape(2, 36) - 30),
        readout("out", "d", decay=4, bias=1),
    )
    return Program(nodes, "out")


def recurrent() -> Program:
    """Neurons that read themselves, and an input that is late."""
    own = dense("own", Edge("n", 1), np.diag([8, -16, 24]))
    nodes = (Input("in", (2,)), dense("d", Edge("in", 2)), own, neurons("n", "d", "own", bias=4))
    return Program(nodes, "n")


def delayed() -> Program:
    """Weights with a delay each."""
    late = dense("d", "in", delays=np.array([[0, 1], [3, 0], [1, 1]]))
    return Program((Input("in", (2,)), late, neurons("n", "d", bias=[1, 2, 3])), "n")


def cuba() -> Program:
    """A current that decays, with a bias for the voltage."""
    values = {"current_decay": 4, "voltage_decay": [2, 8, 16], "bias": 6}
    return small(**values)


PROGRAMS = {
    "IF": small,
    "LIF": lambda: small(decay=4, bias=[1, 0, -7], rest=-3),
    "image": image,
    "recurrent": recurrent,
    "delayed": delayed,
    "CUBA LIF": cuba,
}


def bare(content: bytes) -> Artifact:
    """A file alone."""
    return Artifact("nir", {"some.nir": content})


def file_of(program: Program) -> bytes:
    """The file that is written for a program."""
    return target.compile(program).files[FILE]


def tree(content: bytes) -> dict[str, Any]:
    """Every value of a file by its path."""
    values: dict[str, Any] = {}
    with h5py.File(io.BytesIO(content), "r") as file:
        file.visititems(lambda name, item: values.update({name: _value(item)}))
    return {name: value for name, value in values.items() if value is not None}


def _value(item: Any) -> Any:
    return item[()] if isinstance(item, h5py.Dataset) else None
