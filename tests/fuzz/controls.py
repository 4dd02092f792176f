"""Readers that do what no reader may, to see that the harness notices: `-m tests.fuzz.controls`."""

import json
import os
import signal
import time
from pathlib import Path
from random import Random

from neurodeploy.errors import ArtifactError
from tests.fuzz.children import Limits, outcomes
from tests.fuzz.reader import Reader

# A busy machine gives a process a fraction of its time, so the clock has much more.
LIMITS = Limits(memory=256 << 20, seconds=0.25, waiting=5.0)


def refuses(path: Path) -> None:
    """As it should be."""
    raise ArtifactError(f"{path}: is damaged")


def names_no_file(path: Path) -> None:
    """An error of ours that says nothing of the file."""
    raise ArtifactError("it is damaged")


def raises(path: Path) -> None:
    """An error that no user can read."""
    raise KeyError("b")


def leaves(path: Path) -> None:
    """The end of the program."""
    raise SystemExit(0)


def sleeps(path: Path) -> None:
    """As a pipe does that nobody writes to."""
    time.sleep(60)


def works(path: Path) -> None:
    """As shared parts do that are walked again and again."""
    while True:
        pass


def counts(path: Path) -> None:
    """The same where no signal of Python's is looked at."""
    sum(range(1 << 50))


def allocates(path: Path) -> None:
    """As a file does that claims more than it holds."""
    bytearray(1 << 30)


def crashes(path: Path) -> None:
    """As a library does that believes what it reads."""
    os.kill(os.getpid(), signal.SIGSEGV)


def exits(path: Path) -> None:
    """As a library does that knows no other way."""
    os._exit(3)


READERS = (refuses, names_no_file, raises, leaves, sleeps, works, counts, allocates, crashes, exits)


def make(place: Path, random: Random) -> Path:
    """A file."""
    (place / "file").write_bytes(random.randbytes(4))
    return place / "file"


def make_nothing(place: Path, random: Random) -> Path:
    """A way to make files that itself crashes."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return place


def main() -> None:
    """Run each on two inputs, and print what became of them."""
    readers = {read.__name__: Reader(read, make) for read in READERS}
    readers["makes_nothing"] = Reader(refuses, make_nothing)
    found = {
        name: [[o.seed, o.kind, o.words] for o in outcomes(name, reader, [7, 8], LIMITS)]
        for name, reader in readers.items()
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
