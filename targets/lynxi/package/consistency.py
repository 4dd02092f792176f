"""The consistency of a package: its descriptions and repeated values, checked one by one.

A package may choose where a tensor lies in its file; the tensor's content follows from the program.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from targets.lynxi.package.document import DOCUMENT, WEIGHTS, document_of
from targets.lynxi.package.golden import GOLDEN, SAMPLES, golden_vectors
from targets.lynxi.package.packer import Packer
from targets.lynxi.package.schema import SCHEMA_FILE, schema_text
from targets.lynxi.package.tensors import Store
from targets.lynxi.reduced.plan import NetworkPlan
from targets.lynxi.reduced.ports import reduced_forms

SCRIPT = "compile.py"
_REMEDY = "export the model again"
# A tensor's file, its values, and their type in the file.
_Tensor = tuple[str, NDArray[Any], np.dtype[Any]]
# The reference's text that names its target.
_VALUES = "values"
_PLACE = frozenset({"file", "dtype", "shape", "offset", "nbytes", "sha256"})


def script_text() -> bytes:
    """Return the script that calls the vendor's compiler, as it is shipped with every package."""
    return Path(__file__).with_name("on_card.py").read_bytes()


def described(plan: NetworkPlan, steps: int, weights: Packer, golden: Packer) -> dict[str, Any]:
    """Return network.json's description of a plan, with its tensors in the two files."""
    document = document_of(plan, weights)
    document["reduced"] = reduced_forms(plan, steps)
    document["golden"] = golden_vectors(plan, steps, golden)
    return document


def require_consistent(
    artifact: Artifact, document: dict[str, Any], plan: NetworkPlan, store: Store
) -> None:
    """Check that a package's descriptions follow from its program, and that it has every file.

    Raises:
        ArtifactError: otherwise; names the place in network.json, or the file.
    """
    steps = document["reduced"]["steps"]
    wrong = _wrong(document["reduced"], reduced_forms(plan, steps), "reduced", store, {})
    wrong = wrong or _wrong_sizes(document["golden"]["network"], plan, steps, store)
    if wrong is not None:
        raise ArtifactError(f"{DOCUMENT}: {wrong}", remedy=_REMEDY)
    expected = described(plan, steps, _Values(WEIGHTS), _Values(GOLDEN))
    names = {f"nodes[{i}]": part.name for i, part in enumerate(plan.parts)}
    wrong = _wrong(document, expected, "", store, names)
    if wrong is not None:
        raise ArtifactError(f"{DOCUMENT}: {wrong}", remedy=_REMEDY)
    for name, content in ((SCHEMA_FILE, schema_text(document)), (SCRIPT, script_text())):
        if name in artifact.files and artifact.files[name] != content:
            raise ArtifactError(f"{name}: is not the file of this version", remedy=_REMEDY)
    forms = (document["reduced"][form]["files"] for form in ("unrolled", "step", "apart"))
    wanted = {DOCUMENT, WEIGHTS, GOLDEN, SCHEMA_FILE, SCRIPT, *(n for each in forms for n in each)}
    for name in sorted(wanted ^ set(artifact.files)):
        what = "is missing" if name in wanted else "is not a file of a package"
        raise ArtifactError(f"{name}: {what}", remedy=_REMEDY)


class _Values(Packer):
    """A packer that returns the tensors themselves instead of their location."""

    def add(self, values: NDArray[Any], kind: Any) -> dict[str, Any]:
        """Return the values in their type."""
        return {_VALUES: (self.file, values, np.dtype(kind))}


def _wrong_sizes(
    vectors: dict[str, Any], plan: NetworkPlan, steps: int, store: Store
) -> str | None:
    """Return what is wrong with the vectors' sizes, before work on them exceeds their bytes."""
    rows = {"input": (vectors["input"], plan.program.input.shape)}
    for part in plan.layers:
        spikes = vectors["layers"].get(part.name, {}).get("s")
        if spikes is None:
            return f"golden.network.layers.{part.name}.s is missing"
        rows[f"layers.{part.name}.s"] = spikes, part.shape
    for name, (reference, shape) in rows.items():
        place, wanted = f"golden.network.{name}", [steps, SAMPLES, *shape]
        if reference["shape"] != wanted:
            return _words(f"{place}.shape", reference["shape"], wanted)
        store.array(reference, place)
    return None


def _wrong(
    found: Any, expected: Any, place: str, store: Store, names: dict[str, str]
) -> str | None:
    """Return what is wrong at a place of the document, or None."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if _VALUES in expected:
            rest = {key: value for key, value in expected.items() if key != _VALUES}
            there = {key: value for key, value in found.items() if key not in _PLACE}
            wrong = _wrong_tensor(found, expected[_VALUES], place, store)
            return wrong or _wrong(there, rest, place, store, names)
        return _wrong_members(found, expected, place, store, names)
    if isinstance(expected, list | tuple) and isinstance(found, list):
        flat = not any(isinstance(each, dict | list | tuple) for each in expected)
        if flat or len(expected) != len(found):
            return None if found == list(expected) else _words(place, found, list(expected))
        for index, (one, other) in enumerate(zip(found, expected, strict=True)):
            at = f"{place}[{index}]"
            wrong = _wrong(one, other, names.get(at, at), store, names)
            if wrong is not None:
                return wrong
        return None
    same = found == expected and type(found) is type(expected)
    return None if same else _words(place, found, expected)


def _wrong_members(
    found: dict[str, Any],
    expected: dict[str, Any],
    place: str,
    store: Store,
    names: dict[str, str],
) -> str | None:
    for key in [*expected, *(key for key in found if key not in expected)]:
        at = f"{place}.{key}" if place else key
        if key not in found or key not in expected:
            return f"{at} is missing" if key in expected else f"{at} is unknown"
        wrong = _wrong(found[key], expected[key], at, store, names)
        if wrong is not None:
            return wrong
    # Their order determines which layer a port belongs to.
    return None if list(found) == list(expected) else f"{place} has its members in another order"


def _wrong_tensor(found: dict[str, Any], tensor: _Tensor, place: str, store: Store) -> str | None:
    file, values, kind = tensor
    said = {"file": found["file"], "dtype": found["dtype"], "shape": found["shape"]}
    wanted = {"file": file, "dtype": kind.name, "shape": list(values.shape)}
    for key, value in wanted.items():
        if said[key] != value:
            return _words(f"{place}.{key}", said[key], value)
    there = store.array(found, place)
    differs = there != np.asarray(values, dtype=kind)
    if not differs.any():
        return None
    index = tuple(int(i) for i in np.argwhere(differs)[0])
    return _words(f"{place}{list(index)}", there[index].item(), values[index].item())


def _words(place: str, found: Any, expected: Any) -> str:
    return f"{place} is {found!r:.80}, and what it describes has {expected!r:.80}"
