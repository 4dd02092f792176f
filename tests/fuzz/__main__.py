"""`python -m tests.fuzz`: many changed files for every reader, or one of them again."""

import argparse
import os
import sys
from pathlib import Path

# A forked child has no other threads than the one that reads.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"


def main() -> int:
    """Run the campaign and return 1 if an outcome was wrong."""
    from tests.fuzz.campaign import repeated, run

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="inputs, of all readers")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--reader", action="append", help="these readers alone")
    parser.add_argument("--repeat", nargs="+", metavar=("READER", "SEED"), help="some inputs again")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the result there")
    arguments = parser.parse_args()
    if arguments.repeat:
        reader, *seeds = arguments.repeat
        return max([repeated(reader, int(seed)) for seed in seeds])
    return run(arguments.count, arguments.first, arguments.reader, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
