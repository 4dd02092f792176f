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

    def place(self, root: Path) -> Path:
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
        places = {name: place for name, place in names(door, root).items() if place not in shown}
        shown |= set(places.values())
        texts[f"reference/python/{door.module}.md"] = _page(door, places, root)
    return texts


def names(door: Door, root: Path) -> dict[str, str]:
    """Return where each public name of a door is written: its module and its name there."""
    public, places = _read(door.place(root))
    return {name: _origin(places.get(name, f"{door.module}.{name}"), root) for name in public}


def _origin(place: str, root: Path) -> str:
    """Return where a name is written, behind all doors that show it."""
    module, _, name = place.rpartition(".")
    path = Door(module, "").place(root)
    _, places = _read(path) if path.is_file() else ([], {})
    origin = places.get(name, place)
    return place if origin == place else _origin(origin, root)


@cache
def _read(path: Path) -> tuple[list[str], dict[str, str]]:
    """Return the public names of a module, and where those come from that it imports."""
    tree = ast.parse(path.read_text("utf-8"))
    places: dict[str, str] = {}
    public: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=aliases):
                places |= {each.asname or each.name: f"{module}.{each.name}" for each in aliases}
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                public = ast.literal_eval(value)
            case ast.Assign(targets=[ast.Name(id="_PLACES")], value=ast.Dict() as value):
                doors = ast.literal_eval(value)
                places |= {name: ".".join(place) for name, place in doors.items()}
    if not public:
        kinds = (ast.ClassDef, ast.FunctionDef)
        public = [each.name for each in tree.body if isinstance(each, kinds)]
        public = [name for name in public if name[0] != "_"]
    return public, places


def _page(door: Door, places: dict[str, str], root: Path) -> str:
    words = ast.get_docstring(ast.parse(door.place(root).read_text("utf-8"))) or ""
    parts = [f"# {door.module}", words]
    if door.word in ("nd", "quant"):
        parts.append(f"Examples start from these lines:\n\n```python\n{PRELUDE}```")
    for name, place in sorted(places.items()):
        shown = f"{door.word}.{name}" if door.word else name
        parts.append(f"::: {place}\n    options:\n      heading: {shown}\n      toc_label: {name}")
    return "\n\n".join(parts) + "\n"
