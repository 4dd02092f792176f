"""The hooks that check a commit: they run what `make lint` runs, by tools that are installed."""

import re
import tomllib

import pytest

from tests.packaging.tree import ROOT

FILE = ROOT / ".pre-commit-config.yaml"
# The distributions that bring the tools.
BROUGHT_BY = {"lint-imports": "import-linter", "mypy": "mypy", "ruff": "ruff"}
STRUCTURE = re.compile(r"( *)(?:- )?([a-z_]+):(?: (\S.*))?")


def hooks(text: str) -> list[dict[str, str]]:
    """Return the keys and values of every hook, from the little of YAML that such a file needs."""
    listed: list[dict[str, str]] = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        parts = STRUCTURE.fullmatch(line)
        assert parts is not None, f"not a line of a hook: {line!r}"
        indentation, key, value = parts.groups()
        if key == "id":
            listed.append({})
        if len(indentation) >= 6:
            listed[-1][key] = value or ""
    return listed


HOOKS = hooks(FILE.read_text("utf-8"))


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_runs_a_tool_of_the_environment(hook: dict[str, str]) -> None:
    assert hook["language"] == "system"
    tool = re.fullmatch(r"\.venv/bin/([a-z-]+)( .*)?", hook["entry"])
    assert tool is not None
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = project["optional-dependencies"]["dev"]
    names = {re.split(r"[\[<>=;]", requirement)[0] for requirement in needed}
    assert BROUGHT_BY[tool[1]] in names


def test_hooks_run_what_lint_runs() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    stages = re.findall(r"^stage-(?:ruff|format|types|imports): ; \$\(BIN\)/(.+)$", makefile, re.M)
    assert len(stages) == len(HOOKS) == 4
    for stage, hook in zip(stages, HOOKS, strict=True):
        tool, *words = stage.replace(" --output-format concise", "").rstrip(" .").split()
        assert hook["entry"].split()[: len(words) + 1] == [f".venv/bin/{tool}", *words]


def test_a_broken_file_is_seen() -> None:
    with pytest.raises(AssertionError, match="not a line"):
        hooks("repos:\n  - repo local\n")
