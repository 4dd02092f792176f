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
    files = {DOCUMENT, WEIGHTS, GOLDEN, SCHEMA_FILE, SCRIPT, *(n for each in forms for n in each)}
    for name in sorted(files ^ set(artifact.files)):
        problem = "is missing" if name in files else "is not a file of a package"
        raise ArtifactError(f"{name}: {problem}", remedy=_REMEDY)


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
        path, size = f"golden.network.{name}", [steps, SAMPLES, *shape]
        if reference["shape"] != size:
            return _words(f"{path}.shape", reference["shape"], size)
        store.array(reference, path)
    return None


def _wrong(entry: Any, expected: Any, path: str, store: Store, names: dict[str, str]) -> str | None:
    """Return what is wrong at a place of the document, or None."""
    if isinstance(expected, dict) and isinstance(entry, dict):
        if _VALUES in expected:
            rest = {key: value for key, value in expected.items() if key != _VALUES}
            members = {key: value for key, value in entry.items() if key not in _PLACE}
            wrong = _wrong_tensor(entry, expected[_VALUES], path, store)
            return wrong or _wrong(members, rest, path, store, names)
        return _wrong_members(entry, expected, path, store, names)
    if isinstance(expected, list | tuple) and isinstance(entry, list):
        flat = not any(isinstance(each, dict | list | tuple) for each in expected)
        if flat or len(expected) != len(entry):
            return None if entry == list(expected) else _words(path, entry, list(expected))
        for index, (one, other) in enumerate(zip(entry, expected, strict=True)):
            at = f"{path}[{index}]"
            wrong = _wrong(one, other, names.get(at, at), store, names)
            if wrong is not None:
                return wrong
        return None
    same = entry == expected and type(entry) is type(expected)
    return None if same else _words(path, entry, expected)


def _wrong_members(
    members: dict[str, Any],
    expected: dict[str, Any],
    path: str,
    store: Store,
    names: dict[str, str],
) -> str | None:
    for key in [*expected, *(key for key in members if key not in expected)]:
        at = f"{path}.{key}" if path else key
        if key not in members or key not in expected:
            return f"{at} is missing" if key in expected else f"{at} is unknown"
        wrong = _wrong(members[key], expected[key], at, store, names)
        if wrong is not None:
            return wrong
    # Their order determines which layer a port belongs to.
    return None if list(members) == list(expected) else f"{path} has its members in another order"


def _wrong_tensor(entry: dict[str, Any], tensor: _Tensor, path: str, store: Store) -> str | None:
    file, values, kind = tensor
    listed = {"file": entry["file"], "dtype": entry["dtype"], "shape": entry["shape"]}
    description = {"file": file, "dtype": kind.name, "shape": list(values.shape)}
    for key, value in description.items():
        if listed[key] != value:
            return _words(f"{path}.{key}", listed[key], value)
    stored = store.array(entry, path)
    differs = stored != np.asarray(values, dtype=kind)
    if not differs.any():
        return None
    index = tuple(int(i) for i in np.argwhere(differs)[0])
    return _words(f"{path}{list(index)}", stored[index].item(), values[index].item())


def _words(path: str, value: Any, expected: Any) -> str:
    return f"{path} is {value!r:.80}, and what it describes has {expected!r:.80}"
