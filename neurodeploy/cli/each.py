"""`neurodeploy-check`: many model files, and many targets, for hooks that list changed files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from neurodeploy.cli.entry import main as run


def main(arguments: Sequence[str] | None = None) -> int:
    """Check every file for every target, and return the highest exit code."""
    parser = argparse.ArgumentParser(prog="neurodeploy-check", description=__doc__)
    parser.add_argument("--target", "-t", action="append", metavar="T")
    parser.add_argument("files", nargs="*", metavar="MODEL")
    asked = parser.parse_args(arguments)
    # Without one, that of the project's settings is taken.
    options = [["--target", target] for target in asked.target or ()] or [[]]
    words = [["check", *option, "--", file] for file in asked.files for option in options]
    return max(map(run, words), default=0)
