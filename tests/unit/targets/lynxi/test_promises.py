"""The target's statements about itself agree with its files."""

import ast
from pathlib import Path
from typing import Any

import pytest

from targets.lynxi.compile import compile_program
from targets.lynxi.package import schema, tensors
from targets.lynxi.simulators import interpreter
from tests.unit.targets.lynxi.programs import image

ROOT = Path(__file__).parents[4]
# What the second reading of a package may know: numbers, and how a tensor lies in its file.
ALLOWED = {
    "__future__",
    "collections.abc",
    "hashlib",
    "math",
    "neurodeploy.errors",
    "numpy",
    "numpy.typing",
    "targets.lynxi.package.tensors",
    "typing",
}
# What JSON Schema has and `schema.py` knows.
KEYWORDS = {
    *("$defs", "$ref", "$schema", "additionalProperties", "const", "enum", "items"),
    *("maxItems", "maximum", "minItems", "minLength", "minimum", "oneOf", "pattern"),
    *("properties", "required", "title", "type"),
}


@pytest.mark.parametrize("module", [interpreter, tensors])
def test_the_interpreter_shares_nothing_with_the_toolchain(module: Any) -> None:
    imports: set[str] = set()
    for node in ast.walk(ast.parse(Path(module.__file__).read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            imports.add(node.module or "")
        elif isinstance(node, ast.Import):
            imports.update(alias.name for alias in node.names)
    assert imports
    assert imports <= ALLOWED


def test_no_promise_is_made_for_a_card_that_was_not_seen() -> None:
    texts = {str(p): p.read_bytes() for p in (ROOT / "targets/lynxi").rglob("*") if p.is_file()}
    texts |= {name: (ROOT / name).read_bytes() for name in ("README.md", "docs/lynxi.md")}
    texts |= compile_program(image(), 1).files
    assert len(texts) > 30
    for name, content in texts.items():
        assert b"bit-exact" not in content.lower(), name


def test_the_schema_says_only_what_is_enforced() -> None:
    def keywords(rule: Any) -> set[str]:
        words = set(rule)
        for key in ("properties", "$defs"):
            for inner in rule.get(key, {}).values():
                words |= keywords(inner)
        for key in ("items", "additionalProperties"):
            if isinstance(rule.get(key), dict):
                words |= keywords(rule[key])
        return words

    used = keywords(schema.schema())
    assert len(used) > 10
    assert used <= KEYWORDS


def test_the_schema_knows_every_operation_of_the_interpreter() -> None:
    listed = schema.schema()["$defs"]["assignment"]["properties"]["op"]["enum"]
    assert sorted(listed) == sorted(interpreter.OPERATIONS)
