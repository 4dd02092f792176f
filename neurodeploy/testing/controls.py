"""Negative controls: artifacts that were tampered with; verify must find each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.artifact import Artifact
from neurodeploy.program import Node, Program
from neurodeploy.simulator import run_golden
from neurodeploy.target import Target, open_artifact
from neurodeploy.testing.checks import errors_in, problem_of, require, speaking_clearly
from neurodeploy.testing.suite import Case

# The number of bits that are flipped in each file, one after the other.
_FLIPS = 2
# The number of contract fields that are changed; each program of the suite gets others.
_FIELDS = 6


def check_changed_weight(chip: Target, case: Case, folder: Path) -> None:
    """Check that one changed weight is another artifact, and that verify finds it."""
    other = changed_weight(chip, case)
    artifact, tampered = chip.compile(case.program), chip.compile(other)
    require(_bytes(artifact) != _bytes(tampered), "one changed weight leaves every file as it is")
    # The manifest vouches for the new files, but still for the old program.
    replace(tampered, program=artifact.program).write(folder)
    opened = open_artifact(folder)
    require(chip.read(opened) == other, "the files hold another weight, and read does not see it")
    require(problem_of(opened, case) is not None, "verify does not find one changed weight")


def changed_weight(chip: Target, case: Case) -> Program:
    """Return the program with one weight negated, which the target takes and which matters."""
    golden = run_golden(case.program, case.samples).output
    other = None
    for program in _changes(case.program):
        if errors_in(chip.check(program)):
            continue
        other = program
        if (run_golden(program, case.samples).output != golden).any():
            return program
    require(other is not None, "no weight can be negated")
    assert other is not None
    return other


def changed(node: Node, **fields: Any) -> Node:
    """Return the node with other values in some fields, which its kind has."""
    return replace(node, **fields)


def _changes(program: Program) -> Iterator[Program]:
    for node in program.synapses:
        for index in np.argsort(-np.abs(node.narrow_weight), axis=None)[:8]:
            weight = node.narrow_weight.astype(np.int64)
            weight.reshape(-1)[index] *= -1
            other = changed(node, weight=weight)
            nodes = (other if each is node else each for each in program.nodes)
            yield Program(tuple(nodes), program.output)


def check_flipped_bits(chip: Target, case: Case, folder: Path) -> None:
    """Check that a flipped bit of any file is found, even if the manifest vouches for it."""
    artifact = chip.compile(case.program)
    for name, content in _bytes(artifact).items():
        for bit in np.random.default_rng(0).integers(0, 8 * len(content), _FLIPS):
            flipped = bytearray(content)
            flipped[bit // 8] ^= 1 << bit % 8
            artifact.write(folder)
            (folder / name).write_bytes(flipped)
            opened = open_artifact(folder)
            require(bool(opened.edited), f"{name}: bit {bit} was flipped, which nobody notes")
            _require_found(opened, case, f"{name}: bit {bit} was flipped")
            _require_found(_vouched(artifact, name, bytes(flipped), folder), case, f"{name}: {bit}")


def check_truncated(chip: Target, case: Case, folder: Path) -> None:
    """Check that a file cut short is refused in words, or found by verify."""
    artifact = chip.compile(case.program)
    for name, content in _bytes(artifact).items():
        for size in (0, len(content) // 2, len(content) - 1):
            opened = _vouched(artifact, name, content[:size], folder)
            with speaking_clearly(f"{name}, cut to {size} bytes"):
                _require_found(opened, case, f"{name} was cut to {size} bytes")


def check_changed_contract(chip: Target, case: Case, folder: Path) -> None:
    """Check that one changed field of the contract is found, of several in turn."""
    artifact = chip.compile(case.program)
    changes = [*_other_values(artifact.contract)]
    chosen = np.random.default_rng([*case.name.encode()]).permutation(len(changes))[:_FIELDS]
    for path, contract in (changes[index] for index in chosen):
        replace(artifact, contract=contract).write(folder)
        _require_found(open_artifact(folder), case, f"the contract's {path} was changed")


def _other_values(value: Any, path: str = "contract") -> Iterator[tuple[str, Any]]:
    """Yield the value with one leaf changed, for every leaf."""
    if isinstance(value, Mapping):
        for key in value:
            for where, other in _other_values(value[key], f"{path}.{key}"):
                yield where, {**value, key: other}
    elif isinstance(value, list | tuple) and value:
        for index, item in enumerate(value):
            for where, other in _other_values(item, f"{path}[{index}]"):
                yield where, [*value[:index], other, *value[index + 1 :]]
    elif isinstance(value, bool):
        yield path, not value
    elif isinstance(value, int | float):
        yield path, value + 1
    elif isinstance(value, str):
        yield path, f"{value}x"
    else:
        yield path, 1


def _vouched(artifact: Artifact, name: str, content: bytes, folder: Path) -> Artifact:
    """Return the artifact from the disk with another file, for which the manifest vouches."""
    replace(artifact, files={**_bytes(artifact), name: content}).write(folder)
    return open_artifact(folder)


def _bytes(artifact: Artifact) -> dict[str, bytes]:
    return {name: bytes(artifact.files[name]) for name in artifact.files}


def _require_found(artifact: Artifact, case: Case, change: str) -> None:
    require(problem_of(artifact, case) is not None, f"{change}, and verify finds it equal")


CONTROLS: dict[str, Callable[[Target, Case, Path], None]] = {
    "one changed weight": check_changed_weight,
    "flipped bits": check_flipped_bits,
    "files cut short": check_truncated,
    "a changed contract": check_changed_contract,
}
