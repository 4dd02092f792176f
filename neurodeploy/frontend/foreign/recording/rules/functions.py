"""The calls of torch's functions: a table of what each makes of values over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.recording.calls import Call
from neurodeploy.frontend.foreign.recording.fold import Fold
from neurodeploy.frontend.foreign.recording.rules.arithmetic import ARITHMETIC
from neurodeploy.frontend.foreign.recording.rules.attention import MATRICES
from neurodeploy.frontend.foreign.recording.rules.decoded import before_decoder, decoded
from neurodeploy.frontend.foreign.recording.rules.modules import live
from neurodeploy.frontend.foreign.recording.rules.pools import POOLS, is_within
from neurodeploy.frontend.foreign.recording.rules.rectified import rectified
from neurodeploy.frontend.foreign.recording.rules.shapes import SHAPES
from neurodeploy.frontend.foreign.recording.rules.steps import STEPS
from neurodeploy.frontend.foreign.recording.values import Form, Known, Value

Rule = Callable[[Fold, Call], Known | Sequence[Known]]

# These return the value itself, in evaluation and without gradients.
_SAME = (
    *("clone", "contiguous", "detach", "detach_", ".data", "to", "float", "cpu", "cuda", "type"),
    *("type_as", "requires_grad_", "dropout", "dropout1d", "dropout2d", "dropout3d"),
)
# These keep the order of the output's values, so that the class stays the same.
_ENDS = ("log_softmax", "softmax", "sigmoid")


def function_rule(fold: Fold, call: Call) -> Known | Sequence[Known]:
    """Return the values that a function of torch's returns.

    Raises:
        UnsupportedLayerError: if no layer of ours computes it.
    """
    rule = _TABLE.get(call.name)
    if rule is None:
        raise UnsupportedLayerError(
            f"{call.name.strip('_')} has no layer of ours that computes the same", remedy=_WAYS
        )
    if call.refs and (call.name in SHAPES or _adds_up(fold, call)):
        value = decoded(fold, fold.value(call.refs[0]))
        if value is not None:
            return before_decoder(fold, call, rule, value)
    return rule(fold, call)


_WAYS = (
    "put what it belongs to into a module of its own, and give that as a neuron "
    "(snncore.neuron.define) or a layer of snncore.layer; or leave it out"
)


def _adds_up(fold: Fold, call: Call) -> bool:
    """Return whether a sum or a mean within samples commutes with the decoder before it."""
    read = fold.value(call.refs[0])
    largest = isinstance(read, Value) and read.decoder == "largest_value"
    return call.name in ("sum", "mean") and not largest and is_within(fold, call)


def _same(fold: Fold, call: Call) -> Known:
    return fold.value(call.refs[0])


def _end(fold: Fold, call: Call) -> Known:
    """Leave out what only scales the output."""
    value = fold.value(call.refs[0])
    decoded = isinstance(value, Value) and value.form in (Form.DECODED, Form.SUM)
    if not decoded:
        raise UnsupportedLayerError(f"{call.name} of single steps", remedy=_WAYS)
    fold.ended = True
    sentence = f"{call.name} behind the output, which keeps the order of its values"
    if sentence not in fold.left_out:
        fold.left_out.append(sentence)
    return value


def _relu(fold: Fold, call: Call) -> Known:
    """Leave out a rectifier of spikes."""
    value = live(fold, fold.value(call.refs[0]), call.name)
    if not rectified(fold, value, call.line or call.name):
        raise UnsupportedLayerError(
            f"{call.name.strip('_')} has no layer of ours that computes the same", remedy=_WAYS
        )
    return value


_TABLE: dict[str, Rule] = {
    **dict.fromkeys(("relu", "relu_"), _relu),
    **dict.fromkeys(_SAME, _same),
    **dict.fromkeys(_ENDS, _end),
    **ARITHMETIC,
    **MATRICES,
    **POOLS,
    **SHAPES,
    **STEPS,
}
