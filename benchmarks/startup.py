"""The start-up time of the command line: `neurodeploy --help`, as a whole process."""

from __future__ import annotations

import subprocess
import sys

from _common import seconds


def main() -> None:
    """Print the time, and a bare Python's beside it."""
    bare = seconds(lambda: subprocess.run([sys.executable, "-c", ""], check=True), rounds=9)
    command = [sys.executable, "-m", "neurodeploy", "--help"]
    shown = seconds(
        lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), rounds=9
    )
    print(f"neurodeploy --help: {shown * 1e3:.0f} ms; python -c '': {bare * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
