"""Traces: layers by name, states as attributes, and the accuracy of what comes out."""

import copy

import numpy as np
import pytest

from neurodeploy.errors import SamplesError, UnknownNameError
from neurodeploy.trace import LayerTrace, Trace, accuracy

ONES = np.ones((3, 2, 4), dtype=np.int64)
TRACE = Trace({"a": LayerTrace({"s": ONES, "v": 2 * ONES}), "b": LayerTrace({"s": 0 * ONES})}, "b")


def test_layers_and_states_are_found_by_name() -> None:
    assert list(TRACE) == ["a", "b"]
    assert TRACE["a"].v is TRACE["a"].values["v"]
    assert TRACE.output is TRACE["b"].s
    assert TRACE.spikes() == ONES.size
    assert set(TRACE.arrays()) == {"output", "a.s", "a.v", "b.s"}
    assert TRACE.arrays()["output"] is TRACE["b"].s


def test_a_name_that_is_not_there_lists_those_that_are() -> None:
    with pytest.raises(UnknownNameError, match="no layer c; there are a, b"):
        TRACE["c"]
    with pytest.raises(AttributeError, match=r"this layer shows \['s'\], not v"):
        _ = TRACE["b"].v


def test_states_are_completed() -> None:
    assert {"s", "v", "values"} <= set(dir(TRACE["a"]))
    assert "v" not in dir(TRACE["b"])


def test_a_trace_can_be_copied() -> None:
    twin = copy.deepcopy(TRACE)
    twin["a"].v[:] = 9
    assert TRACE["a"].v.max() == 2


def sent(output: np.ndarray) -> Trace:
    """Return the trace of a network whose last layer sends this."""
    return Trace({"last": LayerTrace({"s": output})}, "last")


def test_accuracy_counts_the_most_active_output() -> None:
    output = np.zeros((4, 3, 2, 2), dtype=np.uint8)
    output[:, 0, 0, 1] = 1
    output[:3, 1, 1, 1] = 1
    output[:2, 1, 0, 0] = 1
    # A tie, and silence, are the first output's.
    assert accuracy(sent(output), np.array([1, 3, 0])) == 1.0
    assert accuracy(sent(output), np.array([1, 0, 3])) == pytest.approx(1 / 3)


def test_counts_do_not_overflow() -> None:
    output = np.zeros((300, 1, 2), dtype=np.uint8)
    output[:, 0, 1] = 1
    output[:50, 0, 0] = 1
    assert accuracy(sent(output), np.array([1])) == 1.0


def test_values_that_are_no_spikes_are_not_counted_and_not_cut_off() -> None:
    voltages = LayerTrace({"s": 0.4 * ONES, "v": ONES}, spiking=False)
    assert Trace({"a": TRACE["a"], "b": voltages}, "b").spikes() == ONES.size
    assert Trace({"b": voltages}, "b").spikes() == 0
    assert [voltages.called(key) for key in ("s", "v")] == ["output", "v"]
    assert [TRACE["a"].called(key) for key in ("s", "v")] == ["s", "v"]
    # Cut off to whole numbers, each of them would be none.
    output = np.array([[[0.4, 0.3]], [[0.4, 0.9]], [[0.4, 0.1]]])
    assert accuracy(sent(output), np.array([1])) == 1.0
    assert accuracy(sent(output - 1), np.array([1])) == 1.0


@pytest.mark.parametrize("labels", [np.zeros(3), np.zeros((2, 1)), np.zeros(())])
def test_labels_of_another_count_are_refused(labels: np.ndarray) -> None:
    with pytest.raises(SamplesError, match=r"labels are .*, and there are 2 samples"):
        accuracy(sent(ONES), labels)


def test_what_an_interpreter_shows_is_a_line_and_no_arrays() -> None:
    assert repr(TRACE) == (
        "Trace(a: LayerTrace(s (3, 2, 4), v (3, 2, 4)), b: LayerTrace(s (3, 2, 4)))"
    )
