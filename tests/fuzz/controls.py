"""Readers that misbehave, to prove that the harness notices: `-m tests.fuzz.controls`."""

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
    """Refuse the file, as a good reader does."""
    raise ArtifactError(f"{path}: is damaged")


def names_no_file(path: Path) -> None:
    """Raise an error of ours that does not name the file."""
    raise ArtifactError("it is damaged")


def raises(path: Path) -> None:
    """Raise an error that no user understands."""
    raise KeyError("b")


def leaves(path: Path) -> None:
    """Exit the program."""
    raise SystemExit(0)


def sleeps(path: Path) -> None:
    """Wait forever, like a reader of a pipe that nobody writes to."""
    time.sleep(60)


def works(path: Path) -> None:
    """Run forever, like a reader that walks shared parts again and again."""
    while True:
        pass


def counts(path: Path) -> None:
    """Run forever in C, where Python handles no signal."""
    sum(range(1 << 50))


def allocates(path: Path) -> None:
    """Allocate too much, like a reader that believes the size a file claims."""
    bytearray(1 << 30)


def crashes(path: Path) -> None:
    """Crash, like a C library that believes what it reads."""
    os.kill(os.getpid(), signal.SIGSEGV)


def exits(path: Path) -> None:
    """Exit at once, like a library without errors."""
    os._exit(3)


READERS = (refuses, names_no_file, raises, leaves, sleeps, works, counts, allocates, crashes, exits)


def make(folder: Path, random: Random) -> Path:
    """Write a file of random bytes."""
    (folder / "file").write_bytes(random.randbytes(4))
    return folder / "file"


def make_nothing(folder: Path, random: Random) -> Path:
    """Crash instead of writing a file."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return folder


def main() -> None:
    """Run each reader on two inputs and print the outcomes."""
    readers = {read.__name__: Reader(read, make) for read in READERS}
    readers["makes_nothing"] = Reader(refuses, make_nothing)
    results = {
        name: [[o.seed, o.kind, o.words] for o in outcomes(name, reader, [7, 8], LIMITS)]
        for name, reader in readers.items()
    }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
