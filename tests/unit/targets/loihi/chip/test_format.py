"""The chip's numbers stand once: what cannot import them is compared with them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import targets.loihi
from targets.loihi.chip.format import (
    BIAS_BITS,
    DECAY_BITS,
    FORMAT,
    FRACTION,
    STATE_BITS,
    THRESHOLD_BITS,
    UNITY,
)

FOLDER = Path(targets.loihi.__file__).parent


def _assigned(name: str, worker: str) -> object:
    tree = ast.parse((FOLDER / "simulators" / worker).read_text("utf-8"))
    (value,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
    )
    return eval(ast.unparse(value))


def test_workers_have_the_same_numbers() -> None:
    """A worker runs in another interpreter and imports nothing of ours."""
    assert _assigned("SHIFT", "nengo_worker.py") == FRACTION
    assert _assigned("LARGEST", "nengo_worker.py") == (1 << (STATE_BITS - 1)) - 1
    plain = _assigned("PLAIN", "worker.py")
    assert isinstance(plain, dict)
    assert plain["spike_exp"] == FRACTION


def _numbers(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and type(node.value) is int:
            yield str(node.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"\b\d+\b", node.value)


def test_the_registers_widths_are_written_once() -> None:
    """4096 also is how many layers a file has, and how many axons a core."""
    numbers = {str(each) for each in (THRESHOLD_BITS, FORMAT.thresholds.maximum, UNITY, UNITY - 1)}
    others = ("format.py", "worker.py", "lava_models.py", "hdf5.py", "chips.py")
    places = [path for path in FOLDER.rglob("*.py") if not path.name.endswith(others)]
    assert len(places) > 15
    wrong = {path.name: numbers & set(_numbers(path)) for path in places}
    assert not {name: widths for name, widths in wrong.items() if widths}


def test_what_the_numbers_are() -> None:
    assert (FRACTION, DECAY_BITS, THRESHOLD_BITS, BIAS_BITS, STATE_BITS) == (6, 12, 17, 12, 24)
    assert FORMAT.thresholds.maximum == 131071
    assert (FORMAT.biases.minimum, FORMAT.biases.maximum) == (-4096, 4095)
