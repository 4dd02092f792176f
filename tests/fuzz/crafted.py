"""Crafted files read under limits, printed as one JSON document: `-m tests.fuzz.crafted`."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from random import Random

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

from tests.fuzz.children import Limits, outcomes  # noqa: E402
from tests.fuzz.crafted_files import BARE, FOLDERS, SAMPLES  # noqa: E402
from tests.fuzz.crafted_models import MODELS  # noqa: E402
from tests.fuzz.reader import Reader  # noqa: E402
from tests.fuzz.readers import READERS  # noqa: E402

LIMITS = Limits(memory=128 << 20, seconds=1.0, waiting=10.0)
Write = Callable[[Path], object]
# By reader and file name: for each case, the function that writes it and words of the error.
CRAFTED: dict[tuple[str, str], dict[str, tuple[Write, str]]] = {
    ("model", "m.pt"): MODELS | BARE,
    ("samples.npz", "s.npz"): SAMPLES,
    ("loihi", "artifact"): FOLDERS,
    ("loihi.net", "x.net"): BARE,
    ("onnx.onnx", "x.onnx"): BARE,
}


def main() -> None:
    """Read every crafted file in a child and print the outcomes."""
    results = {}
    for (name, file), cases in CRAFTED.items():
        writes = [write for write, _ in cases.values()]

        def make(
            folder: Path, random: Random, file: str = file, left: list[Write] = writes
        ) -> Path:
            del random
            left[int(folder.name)](folder / file)
            return folder / file

        reader = Reader(READERS[name].read, make)
        for case, outcome in zip(
            cases, outcomes(name, reader, range(len(cases)), LIMITS), strict=True
        ):
            results[f"{name}: {case}"] = [outcome.kind, outcome.words, outcome.seconds]
    print(json.dumps(results))


if __name__ == "__main__":
    main()
