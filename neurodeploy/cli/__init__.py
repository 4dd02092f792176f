"""The command line: one file per command, one `try`, one table from exception to words."""

from neurodeploy.cli.entry import main as main

__all__ = ["main"]
