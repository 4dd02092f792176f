"""The reader of a specification: the program that the chip computes with its numbers.

It is written from Rockpool's documentation of the arguments, not from what `compile` writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.artifact import Artifact
from neurodeploy.data import strict_json
from neurodeploy.data.structure import Edge
from neurodeploy.errors import ArtifactError, NeurodeployError
from neurodeploy.program import Dense, Input, Integers, Neuron, Node, Program, Signal
from neurodeploy.target import require_fits, with_decoder, with_encoding
from snncore.dynamics import Equations
from snncore.dynamics.arithmetic.interval import Interval
from targets.xylo.check import check
from targets.xylo.compile import FILE
from targets.xylo.format import LARGEST_WEIGHT_SHIFT, SHIFTS, THRESHOLDS, WEIGHTS, XYLO, decay_of
from targets.xylo.neuron import HIDDEN, OUTPUT

_WEIGHTS = Interval(WEIGHTS.minimum, WEIGHTS.maximum)
_SHIFTS = Interval(SHIFTS.minimum, SHIFTS.maximum)
_THRESHOLDS = Interval(THRESHOLDS.minimum, THRESHOLDS.maximum)
_VECTORS = {"dash_syn": _SHIFTS, "dash_mem": _SHIFTS, "threshold": _THRESHOLDS}
_MEMBERS = frozenset(
    [f"{name}{end}" for name in _VECTORS for end in ("", "_out")]
    + [f"{name}_{kind}" for name in ("weights", "weight_shift") for kind in ("in", "rec", "out")]
)


@dataclass(frozen=True)
class Specification:
    """The chip's numbers: weights by source and target, and a value of each neuron."""

    weights_in: Integers
    weights_rec: Integers
    weights_out: Integers
    # The shifts of currents and voltages, and the thresholds, by the members' names.
    values: Mapping[str, Integers]
    shifts: Mapping[str, int]

    @property
    def hidden(self) -> int:
        """The number of hidden neurons."""
        return int(self.weights_rec.shape[0])


def read_artifact(artifact: Artifact) -> Program:
    """Return the program of an artifact.

    Raises:
        ArtifactError: if the file or the contract is damaged, or does not state such a network.
    """
    specification = specification_in(artifact)
    try:
        program = with_encoding(_program(specification, artifact.contract), artifact.contract)
        require_fits("xylo", check(program))
    except ArtifactError:
        raise
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise damaged(error) from error
    return with_decoder(program, artifact.contract)


def specification_in(artifact: Artifact) -> Specification:
    """Return the numbers of an artifact's file.

    Raises:
        ArtifactError: if it is not there, or is not a specification of the chip.
    """
    try:
        members = strict_json.loads(bytes(artifact.files[FILE]))
        if not isinstance(members, dict) or members.keys() != _MEMBERS:
            other = sorted(_MEMBERS ^ set(members))[0] if isinstance(members, dict) else members
            raise ValueError(f"does not have exactly the members of a specification ({other!r})")
        return _specification(members)
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise damaged(error) from error


def damaged(error: Exception) -> ArtifactError:
    """Return the error of a file that cannot be read."""
    words = error.message if isinstance(error, NeurodeployError) else str(error)
    first = words.splitlines()[0] if words else repr(error)
    return ArtifactError(f"{FILE}: {first}", remedy="export the model again")


def _specification(members: Mapping[str, Any]) -> Specification:
    weights = {
        "weights_in": _numbers(members, "weights_in", 3, _WEIGHTS),
        "weights_rec": _numbers(members, "weights_rec", 3, _WEIGHTS),
        "weights_out": _numbers(members, "weights_out", 2, _WEIGHTS),
    }
    hidden, outputs = weights["weights_out"].shape
    _, reached, currents = weights["weights_in"].shape
    square = weights["weights_rec"].shape == (hidden, hidden, 1)
    if not square or reached > hidden or currents != 1:
        raise ValueError(f"weights_rec and weights_in do not fit {hidden} hidden neurons")
    values = {}
    for end, size in {"": hidden, "_out": outputs}.items():
        for name, limits in _VECTORS.items():
            values[f"{name}{end}"] = _numbers(members, f"{name}{end}", 1, limits)
            if len(values[f"{name}{end}"]) != size:
                raise ValueError(f"{name}{end} has not one value for each of {size} neurons")
    shifts = {kind: _shift(members, f"weight_shift_{kind}") for kind in ("in", "rec", "out")}
    first, inner = weights["weights_in"][..., 0], weights["weights_rec"][..., 0]
    return Specification(first, inner, weights["weights_out"], values, shifts)


def _numbers(members: Mapping[str, Any], name: str, axes: int, limits: Interval) -> Integers:
    """Return an array of whole numbers within limits.

    Raises:
        ValueError: if the member is none; names it.
    """
    array = np.array(members[name])
    if array.dtype.kind != "i" or array.ndim != axes or array.size == 0:
        raise ValueError(f"{name} is not an array of whole numbers with {axes} axes")
    low, high = int(array.min()), int(array.max())
    if low < limits.low or high > limits.high:
        wrong = low if low < limits.low else high
        raise ValueError(f"{name} has a {wrong}, which is not in {limits.low}..{limits.high}")
    return array.astype(np.int64)


def _shift(members: Mapping[str, Any], name: str) -> int:
    value = members[name]
    if type(value) is not int or not 0 <= value <= LARGEST_WEIGHT_SHIFT:
        raise ValueError(f"{name} is {value!r:.40}, not a shift of 0..{LARGEST_WEIGHT_SHIFT}")
    return value


@dataclass
class _Reader:
    """The nodes of a program so far, and which of the chip's weights they took."""

    chip: Specification
    nodes: list[Node]
    # The hidden neurons of the layer before; None at the beginning.
    before: slice | None
    rest: dict[str, Integers]

    def layer(self, entry: Mapping[str, Any], first: int, *, last: bool) -> int:
        """Add a layer whose first neuron has this number, and return that of the next one."""
        size, name = _whole(entry["neurons"]), _text(entry["name"])
        own = slice(first, first + size)
        source = self.nodes[-1].name
        edges = []
        for described in entry["synapses"]:
            loop, label = described["loop"], _text(described["name"])
            if type(loop) is not bool:
                raise TypeError(f"{loop!r:.40} does not say whether weights are a loop's")
            edge = Edge(name, 1) if loop else Edge(source)
            weight = self._taken(self.before if not loop else own, own, last=last)
            exponent = _whole(described["exponent"])
            self.nodes.append(Dense(label, edge, weight, exponent))
            edges.append(Edge(label))
        self.nodes.append(self._neurons(name, tuple(edges), entry, own, last=last))
        self.before = own
        return first + size

    def _taken(self, source: slice | None, own: slice, *, last: bool) -> Integers:
        """Return weights, targets first, and leave zeros in their place."""
        kind = "in" if source is None else "out" if last else "rec"
        matrix = self.rest[kind]
        rows = slice(None) if source is None else source
        columns = slice(None) if last else own
        block = matrix[rows, columns].T << self.chip.shifts[kind]
        matrix[rows, columns] = 0
        return block

    def _neurons(
        self,
        name: str,
        edges: tuple[Edge, ...],
        entry: Mapping[str, Any],
        own: slice,
        *,
        last: bool,
    ) -> Neuron:
        end, part = ("_out", slice(None)) if last else ("", own)
        values = {key: self.chip.values[f"{key}{end}"][part] for key in _VECTORS}
        parameters = {
            "current_decay": np.array([decay_of(int(each)) for each in values["dash_syn"]]),
            "voltage_decay": np.array([decay_of(int(each)) for each in values["dash_mem"]]),
            "threshold": values["threshold"],
            "bias": np.zeros((), dtype=np.int64),
        }
        equations: Equations = OUTPUT if last else HIDDEN
        return Neuron(name, edges, equations, XYLO, parameters, _whole(entry["exponent"]))


def _program(chip: Specification, contract: Mapping[str, Any]) -> Program:
    """Return the program of the chip's numbers, cut into the contract's layers."""
    described = contract["input"]
    first = Input(
        _text(described["name"]), (int(chip.weights_in.shape[0]),), Signal(described["signal"])
    )
    rest = {"in": chip.weights_in, "rec": chip.weights_rec, "out": chip.weights_out}
    reader = _Reader(chip, [first], None, {kind: each.copy() for kind, each in rest.items()})
    *hidden, last = contract["layers"]
    number = 0
    for entry in hidden:
        number = reader.layer(entry, number, last=False)
    outputs = chip.weights_out.shape[1]
    if number != chip.hidden or _whole(last["neurons"]) != outputs:
        raise ValueError(f"the manifest's layers are not {chip.hidden} and {outputs} neurons")
    reader.layer(last, number, last=True)
    left = next((kind for kind, each in reader.rest.items() if each.any()), None)
    if left is not None:
        raise ValueError(f"weights_{left} connects neurons that the manifest's layers do not")
    program = Program(tuple(reader.nodes), _text(contract["output"]))
    if [entry["lag"] for entry in contract["layers"]] != list(range(len(contract["layers"]))):
        raise ValueError("the manifest's lags are not those of the layers")
    return program


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r:.40} is not a whole number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is not a name")
    return value
