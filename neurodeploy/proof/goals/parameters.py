"""The parameters of a layer's neurons, in the program and in the files, as one set of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import ArtifactError
from snncore.dynamics.bits.circuit import Circuit, Wire, bits_of

# Beyond so many different neurons, parameters are free within their ranges.
MOST_ROWS = 1024


@dataclass(frozen=True)
class ParameterRows:
    """Every different neuron's parameters: a row each, and the first neuron that has it."""

    # The program's parameters have their names, the files' begin with "file.".
    names: tuple[str, ...]
    rows: NDArray[np.int64]
    first: NDArray[np.int64]
    # The shape that the parameters have together.
    shape: tuple[int, ...]

    @classmethod
    def of(
        cls, layer: str, program: Mapping[str, NDArray[Any]], file: Mapping[str, NDArray[Any]]
    ) -> ParameterRows:
        """Return the rows of a layer.

        Raises:
            ArtifactError: if the arrays do not broadcast together.
        """
        columns = {**program, **{f"file.{name}": values for name, values in file.items()}}
        if not columns:
            nothing = np.zeros((1, 0), np.int64)
            return cls((), nothing, np.zeros(1, np.int64), ())
        arrays = [np.asarray(values).astype(np.int64) for values in columns.values()]
        try:
            together = np.broadcast_arrays(*arrays)
        except ValueError as error:
            raise ArtifactError(f"{layer}: its parameters do not fit one another") from error
        flat = np.stack([values.reshape(-1) for values in together], axis=1)
        rows, first = np.unique(flat, axis=0, return_index=True)
        return cls(tuple(columns), rows, first, together[0].shape)

    def wires(self, circuit: Circuit) -> tuple[dict[str, Wire], tuple[Wire, ...]]:
        """Return every parameter by name, and the conditions that they are those of one neuron.

        A parameter of a single value is a constant, and equal columns are one variable.
        """
        wires: dict[str, Wire] = {}
        columns: dict[bytes, Wire] = {}
        varied: list[tuple[Wire, NDArray[np.int64]]] = []
        for position, name in enumerate(self.names):
            column = self.rows[:, position]
            low, high = int(column.min()), int(column.max())
            if low == high:
                wires[name] = circuit.constant(low)
                continue
            key = column.tobytes()
            if key not in columns:
                columns[key] = circuit.variable(name, max(bits_of(low), bits_of(high)))
                varied.append((columns[key], column))
            wires[name] = columns[key]
        if not varied:
            return wires, ()
        if len(self.rows) > MOST_ROWS:
            ranges = [circuit.within(w, int(c.min()), int(c.max())) for w, c in varied]
            return wires, tuple(ranges)
        choices = [
            circuit.every([circuit.equal(w, circuit.constant(int(c[row]))) for w, c in varied])
            for row in range(len(self.rows))
        ]
        return wires, (circuit.some(choices),)

    @property
    def ends(self) -> dict[str, tuple[int, int]]:
        """The smallest and the largest number of each parameter."""
        pairs = zip(self.rows.min(axis=0).tolist(), self.rows.max(axis=0).tolist(), strict=True)
        return dict(zip(self.names, pairs, strict=True))

    def neuron_of(self, numbers: Mapping[str, int]) -> tuple[int, ...] | None:
        """Return the index of a neuron that has the varied parameters of an answer."""
        fits = np.ones(len(self.rows), bool)
        for position, name in enumerate(self.names):
            if name in numbers:
                fits &= self.rows[:, position] == numbers[name]
        if not fits.any():
            return None
        number = int(self.first[int(np.argmax(fits))])
        return tuple(int(index) for index in np.unravel_index(number, self.shape))

    def values_of(self, neuron: tuple[int, ...]) -> dict[str, int]:
        """Return a neuron's parameters, of the program and of the files."""
        number = int(np.ravel_multi_index(neuron, self.shape)) if self.shape else 0
        position = int(np.argmax(self.first == number))
        return dict(zip(self.names, map(int, self.rows[position]), strict=True))
