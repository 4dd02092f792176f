"""Errors: one root, each a builtin as well, each with its exit code and its remedy."""

from typing import Any

import pytest

from neurodeploy import errors
from neurodeploy.data.structure import require

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.NeurodeployError)
]
BUILTINS = (ValueError, TypeError, OSError, LookupError, RuntimeError)


def test_there_are_errors() -> None:
    assert len(KINDS) > 8


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_says_what_and_what_to_do(kind: Any) -> None:
    error = kind("place: what", remedy="do this")
    assert str(error) == "place: what (do this)"
    assert str(kind("place: what")) == "place: what"
    assert (error.message, error.remedy) == ("place: what", "do this")
    assert kind is errors.NeurodeployError or isinstance(error, BUILTINS)
    assert error.exit_code in (2, 3, 4, 70)


def test_exit_codes_tell_a_bad_input_from_a_chip_and_a_simulator() -> None:
    codes = {kind.__name__: kind.exit_code for kind in KINDS}
    assert codes.pop("DoesNotFitError") == 3
    assert codes.pop("SimulatorError") == codes.pop("SimulatorMissingError") == 4
    assert codes.pop("SimulatorScopeError") == 4
    assert codes.pop("PluginError") == codes.pop("PassError") == 70
    assert set(codes.values()) == {2}


def test_require_raises_when_it_must() -> None:
    require(True, "never")
    with pytest.raises(errors.ValidationError, match=r"a: b \(c\)"):
        require(False, "a: b", remedy="c")
