"""The package's door: every name is there, loads lazily, and a typo is reported."""

import ast
from pathlib import Path

import pytest

import quant


def _type_checked() -> dict[str, str]:
    """Return the names that a type checker sees, and the modules that they come from."""
    tree = ast.parse(Path(quant.__file__).read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imports = (node for node in block.body if isinstance(node, ast.ImportFrom))
    return {alias.name: str(node.module) for node in imports for alias in node.names}


def test_the_names_that_load_are_those_that_are_checked() -> None:
    assert _type_checked() == quant._MODULES
    assert sorted(quant.__all__) == sorted(quant._MODULES)


@pytest.mark.parametrize("name", quant.__all__)
def test_every_name_loads(name: str) -> None:
    value = getattr(quant, name)
    assert value.__module__ == quant._MODULES[name]
    assert getattr(quant, name) is value
    assert name in dir(quant)


def test_a_typo_is_told() -> None:
    with pytest.raises(AttributeError, match=r"quant has no Lineer; it has IF, LIF, \w+, Block"):
        _ = quant.Lineer
