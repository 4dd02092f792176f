"""The pages on the Python packages: every name that a door shows, where it is written."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# What examples in docstrings start from.
PRELUDE = """import torch

import neurodeploy as nd
import quant
from snncore import functional, layer, neuron

torch.manual_seed(0)
net = torch.nn.Sequential(layer.Linear(6, 4), neuron.LIF(threshold=0.3))
x = (torch.rand(8, 2, 6) < 0.5).float()
on_chip = quant.prepare(net, target="loihi", example=x)
nd.export(on_chip, target="loihi", path="chip", example=x)
"""


@dataclass(frozen=True)
class Door:
    """A module whose public names are a page, and the word that scripts write before them."""

    module: str
    word: str

    def file(self, root: Path) -> Path:
        """Return the file of the module."""
        path = root.joinpath(*self.module.split("."))
        return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


DOORS = (
    Door("neurodeploy", "nd"),
    Door("neurodeploy.errors", ""),
    Door("neurodeploy.runtime", ""),
    Door("neurodeploy.target", ""),
    Door("neurodeploy.testing", ""),
    Door("quant", "quant"),
    Door("snncore.neuron", "neuron"),
    Door("snncore.layer", "layer"),
    Door("snncore.surrogate", "surrogate"),
    Door("snncore.functional", "functional"),
    Door("snncore.encoding", "encoding"),
    Door("snncore.decoding", "decoding"),
    Door("snncore.loss", "loss"),
    Door("snncore.monitor", "monitor"),
    Door("snncore.models", "models"),
    Door("snncore.ann2snn", "ann2snn"),
    Door("snncore.learning", "learning"),
    Door("snncore.data", "data"),
    Door("snncore.training", "training"),
    Door("snncore.timing", "timing"),
    Door("snncore.control", "control"),
    Door("snncore.similarity", "similarity"),
    Door("snncore.faults", "faults"),
    Door("snncore.plot", "plot"),
    Door("snncore.dynamics", ""),
    Door("snncore.kernels", ""),
)


def pages(root: Path) -> dict[str, str]:
    """Return the page of each door, by its name in the site."""
    texts: dict[str, str] = {}
    shown: set[str] = set()
    for door in DOORS:
        # A thing that two doors show stands on the page of the first.
        origins = {
            name: origin for name, origin in names(door, root).items() if origin not in shown
        }
        shown |= set(origins.values())
        texts[f"reference/python/{door.module}.md"] = _page(door, origins, root)
    return texts


def names(door: Door, root: Path) -> dict[str, str]:
    """Return where each public name of a door is written: its module and its name there."""
    public, origins = _read(door.file(root))
    return {name: _origin(origins.get(name, f"{door.module}.{name}"), root) for name in public}


def _origin(origin: str, root: Path) -> str:
    """Return where a name is written, behind all doors that show it."""
    module, _, name = origin.rpartition(".")
    path = Door(module, "").file(root)
    _, origins = _read(path) if path.is_file() else ([], {})
    behind = origins.get(name, origin)
    return origin if behind == origin else _origin(behind, root)


@cache
def _read(path: Path) -> tuple[list[str], dict[str, str]]:
    """Return the public names of a module, and where those come from that it imports."""
    tree = ast.parse(path.read_text("utf-8"))
    origins: dict[str, str] = {}
    public: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=aliases):
                origins |= {each.asname or each.name: f"{module}.{each.name}" for each in aliases}
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                public = ast.literal_eval(value)
            case ast.Assign(targets=[ast.Name(id="_PLACES")], value=ast.Dict() as value):
                doors = ast.literal_eval(value)
                origins |= {name: ".".join(origin) for name, origin in doors.items()}
    if not public:
        kinds = (ast.ClassDef, ast.FunctionDef)
        public = [each.name for each in tree.body if isinstance(each, kinds)]
        public = [name for name in public if name[0] != "_"]
    return public, origins


def _page(door: Door, origins: dict[str, str], root: Path) -> str:
    words = ast.get_docstring(ast.parse(door.file(root).read_text("utf-8"))) or ""
    parts = [f"# {door.module}", words]
    if door.word in ("nd", "quant"):
        parts.append(f"Examples start from these lines:\n\n```python\n{PRELUDE}```")
    for name, origin in sorted(origins.items()):
        shown = f"{door.word}.{name}" if door.word else name
        parts.append(f"::: {origin}\n    options:\n      heading: {shown}\n      toc_label: {name}")
    return "\n\n".join(parts) + "\n"
