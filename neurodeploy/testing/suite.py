"""The suite of programs: every structure, with the neurons of the kit and of every target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import NeurodeployError
from neurodeploy.program import Program
from neurodeploy.target import (
    BringsExamples,
    ExampleNeuron,
    random_samples,
    restructured,
    targets,
)
from neurodeploy.testing.neurons import NEURONS
from neurodeploy.testing.structures import CURRENTS, STRUCTURES, build

_STEPS, _SAMPLES, _RATE = 12, 2, 0.5
# Neurons after the first of a collection get only these structures.
_FEW = ("dense", "currents")
# A current would drive every input of a neuron alike.
_SEVERAL_INPUTS = ("dense",)


@dataclass(frozen=True)
class Case:
    """A program of the suite, and samples that make its neurons fire."""

    name: str
    program: Program

    @property
    def samples(self) -> NDArray[Any]:
        """Seeded samples (T, N, ...), in the program's integers."""
        if self.program.input.signal.value == "spikes":
            return random_samples(self.program, _STEPS, _SAMPLES, _RATE, 0)
        shape = (_STEPS, _SAMPLES, *self.program.input.shape)
        return np.random.default_rng(0).integers(*CURRENTS, shape, endpoint=True)


@lru_cache
def suite(target: str) -> Mapping[str, Case]:
    """Return a target's programs by name: the kit's own, its own, and a few of other targets.

    A target that restructures programs gets those that it can in the structure of its files.
    """
    cases = [*_cases("", NEURONS, every_structure=True)]
    for name, chip in targets().items():
        if isinstance(chip, BringsExamples):
            cases += _cases(f"{name} ", chip.examples, every_structure=name == target)
    return {case.name: Case(case.name, _form(case.program, target)) for case in cases}


def _form(program: Program, target: str) -> Program:
    """Return a program in a target's structure, or as it is if there is none."""
    chip = targets().get(target)
    with suppress(NeurodeployError):
        return program if chip is None else restructured(program, chip)
    return program


def _cases(
    owner: str, examples: Mapping[str, ExampleNeuron | Program], *, every_structure: bool
) -> Iterator[Case]:
    """Yield networks of the examples: the first in every structure, if so requested."""
    first = next(iter(examples), None) if every_structure else None
    for name, example in examples.items():
        if isinstance(example, Program):
            yield Case(f"{owner}{name}", example)
            continue
        several = len(example.equations.inputs) > 1
        few = _SEVERAL_INPUTS if several or not every_structure else _FEW
        for structure in STRUCTURES if name == first else few:
            yield Case(f"{owner}{name}, {structure}", build(structure, example))
