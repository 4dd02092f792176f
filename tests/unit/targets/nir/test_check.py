"""Networks that NIR cannot carry are refused with a remedy, and its changes are said."""

from collections.abc import Callable

import numpy as np
import pytest

from neurodeploy.program import (
    Conv2d,
    Decoder,
    Edge,
    Input,
    MaxPool2d,
    Program,
    Signal,
)
from neurodeploy.target import Severity
from snncore.dynamics.zoo.readout import DECODERS, DECODING
from snncore.dynamics.zoo.spiking import Reset
from targets.nir import target
from tests.unit.programs import SOFT
from tests.unit.targets.nir.programs import (
    EXPONENT,
    PROGRAMS,
    dense,
    image,
    neurons,
    readout,
    recurrent,
    small,
)
from tests.unit.targets.nir.programs import SYSTEM as PLAIN

IN = Input("in", (2,))
SQUARE = np.diag([8, 9, 10])


def _decoder() -> Program:
    end = Decoder("sum", (Edge("n"),), DECODERS["count"], DECODING)
    return Program((*small().nodes, end), "sum")


def _max_pool() -> Program:
    nodes = (Input("in", (1, 4, 4)), MaxPool2d("p", Edge("in"), (2, 2), (2, 2)))
    return Program((*nodes, neurons("n", "p")), "n")


def _oblong() -> Program:
    kernel = Conv2d("c", Edge("in"), np.ones((1, 1, 3, 2)), exponent=EXPONENT)
    return Program((Input("in", (1, 4, 4)), kernel, neurons("n", "c")), "n")


def _biased_image() -> Program:
    kernel = Conv2d("c", Edge("in"), np.ones((1, 1, 1, 1)), exponent=EXPONENT)
    many = neurons("n", "c", bias=np.arange(4).reshape(1, 2, 2))
    return Program((Input("in", (1, 2, 2)), kernel, many), "n")


def _late_loop() -> Program:
    own = dense("own", Edge("n", 2), SQUARE)
    return Program((IN, dense("d", "in"), own, neurons("n", "d", "own")), "n")


def _wide_loop() -> Program:
    back = dense("back", Edge("m", 1), SQUARE)
    first = neurons("n", "d", "back")
    nodes = (IN, dense("d", "in"), back, first, dense("e", "n", SQUARE), neurons("m", "e"))
    return Program(nodes, "m")


def _graded() -> Program:
    nodes = (IN, dense("d", "in"), readout("r", "d", decay=3), dense("e", "r", SQUARE))
    return Program((*nodes, neurons("n", "e")), "n")


def _graded_loop() -> Program:
    own = dense("own", Edge("r", 1), SQUARE)
    return Program((IN, dense("d", "in"), own, readout("r", "d", "own", decay=3)), "r")


def _twice() -> Program:
    return Program((IN, dense("d", "in"), neurons("n", "d", "d")), "n")


def _mixed() -> Program:
    return Program((Input("in", (3,)), dense("d", "in", SQUARE), neurons("n", "d", "in")), "n")


def _own() -> Program:
    system = {"states": (("v", PLAIN.state("v")),), "parameters": (("threshold", 0),)}
    layer = neurons("n", "d")
    parameters = {"threshold": np.asarray(90)}
    own = type(layer)("n", (Edge("d"),), SOFT, type(PLAIN)("own", **system), parameters, EXPONENT)
    return Program((IN, dense("d", "in"), own), "n")


def _two_inputs() -> Program:
    other = Input("other", (2,))
    return Program((IN, other, dense("d", "in"), dense("e", "other"), neurons("n", "d", "e")), "n")


def _biased_currents() -> Program:
    return Program((Input("in", (3,), Signal.CURRENT), neurons("n", "in", bias=3)), "n")


REFUSED: dict[str, tuple[Callable[[], Program], str]] = {
    "soft reset": (lambda: small(reset=Reset.SOFT), "n: a spike subtracts the threshold"),
    "equations": (_own, "n: NIR has no primitive for SoftIF"),
    "decoder": (_decoder, "sum: "),
    "max pool": (_max_pool, "p: NIR has no primitive for a MaxPool2d"),
    "kernel": (_oblong, "c: a kernel of 3 x 2, and nir takes every kernel as square"),
    "bias of an image": (_biased_image, "c: its neurons have a bias each"),
    "delay in a loop": (_late_loop, "own: is in a loop with a delay beyond one step"),
    "loop of two layers": (_wide_loop, "back: is in a loop of the layers m, n"),
    "graded spikes": (_graded, "r: sends numbers to other layers"),
    "a graded loop": (_graded_loop, "r: sends numbers to other layers"),
    "an edge twice": (_twice, "n: reads d twice"),
    "sums and values": (_mixed, "n: adds weighted sums and values without weights"),
    "two inputs": (_two_inputs, "other: is another input beside in"),
    "shift": (
        lambda: Program((IN, dense("d", "in", shift=1), neurons("n", "d")), "n"),
        "d: its sums are shifted by 1 bits",
    ),
    "sums that wrap": (
        lambda: Program((IN, dense("d", "in", accumulator_bits=7), neurons("n", "d")), "n"),
        "d: a sum may reach 107, beyond 7 bits",
    ),
    "weights of weights": (
        lambda: Program((IN, dense("d", "in"), dense("e", "d", SQUARE), neurons("n", "e")), "n"),
        "d: drives neurons that count in no unit",
    ),
    "wide weights": (
        lambda: Program(
            (IN, dense("d", "in", [[1 << 25, 1], [0, 0], [0, 0]]), neurons("n", "d")), "n"
        ),
        "d: its weights have more than the 24 bits",
    ),
    "a wide threshold": (lambda: small(threshold=1 << 24), "n: its v_threshold has more than"),
    "a bias without weights": (_biased_currents, "n: has a bias"),
    "a leak of some": (lambda: small(decay=[0, 1, 2]), "n: some of its voltages decay"),
    "a current without a leak": (
        lambda: small(current_decay=4, voltage_decay=0),
        "n: NIR has no voltage or current without a leak",
    ),
    "a long name": (
        lambda: Program((IN, dense("d" * 1025, "in"), neurons("n", "d" * 1025)), "n"),
        "...: is a name of 1025 letters in the file",
    ),
    "no neurons": (lambda: Program((IN, dense("d", "in")), "d"), "d: is the output"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_nir_cannot_carry_is_refused(name: str) -> None:
    make, words = REFUSED[name]
    (finding,) = target.check(make())
    assert finding.severity == Severity.ERROR
    assert words in f"{finding.node}: {finding.message}"
    assert finding.remedy


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_nir_carries_is_taken(name: str) -> None:
    assert all(each.severity == Severity.WARNING for each in target.check(PROGRAMS[name]()))


def test_rounded_leaks_are_said() -> None:
    (warning,) = target.check(small(decay=4))
    assert "rounds the leak of every step" in warning.message
    assert target.check(small()) == ()
    # All of it is lost, and nothing is rounded.
    assert target.check(small(decay=16)) == ()


def test_what_receivers_ignore_is_said() -> None:
    assert any("axes of a Flatten" in each.message for each in target.check(image()))
    late = [each.node for each in target.check(recurrent()) if "Spyx" in each.message]
    assert late == ["d"]


def test_a_loop_waits_in_its_last_edge_wherever_that_is() -> None:
    """Weights that stand behind the neurons and are read late are the same loop."""
    own = dense("own", "n", SQUARE)
    program = Program((IN, dense("d", "in"), neurons("n", "d", Edge("own", 1)), own), "n")
    assert target.check(program) == ()
    assert target.read(target.compile(program)) == program


def test_a_late_edge_outside_of_loops_may_not_come_from_behind() -> None:
    first = neurons("n", "d", Edge("e", 1))
    nodes = (IN, dense("d", "in"), first, dense("e", "in"), neurons("m", "f"))
    late = Program((*nodes[:4], dense("f", "n", SQUARE), nodes[4]), "m")
    (finding,) = target.check(late)
    assert "n: reads e, which is computed later and is in no loop" in str(finding)
