"""One place says which simulators a target has; the conformance kit asks every target for it."""

import re

import pytest

from neurodeploy.errors import UnknownNameError
from neurodeploy.target import chosen_simulator, target

LISTS = {
    "c": "host, zig, cortex-m4, riscv32",
    "loihi": "lava, nengo-loihi, brian2-loihi",
    "lynxi": "interpreter, float16, torchscript-unrolled",
    "nir": "nir-reference",
    "onnx": "onnxruntime, reference",
    "rtl": "icarus",
    "xylo": "xylosim",
}


@pytest.mark.parametrize("name", LISTS)
def test_an_unknown_name_lists_those_there_are(name: str) -> None:
    words = f"no simulator 'nest' for {name}; there are: {LISTS[name]}"
    with pytest.raises(UnknownNameError, match=re.escape(words)):
        chosen_simulator(target(name), "nest")
    with pytest.raises(UnknownNameError, match=r"'nest'.*, all, none$"):
        chosen_simulator(target(name), "nest", "all", "none")


@pytest.mark.parametrize("name", LISTS)
def test_a_known_name_is_itself_and_none_is_the_first(name: str) -> None:
    chip = target(name)
    assert [chosen_simulator(chip, each) for each in chip.simulators] == [*chip.simulators]
    assert chosen_simulator(chip, None) == next(iter(chip.simulators))
    assert chosen_simulator(chip, "all", "all") == "all"


def test_a_target_without_simulators_has_none() -> None:
    class Bare:
        name = "bare"
        simulators: dict[str, object] = {}  # noqa: RUF012

    for asked in (None, "nest"):
        with pytest.raises(UnknownNameError, match="there are: none"):
            chosen_simulator(Bare(), asked)
