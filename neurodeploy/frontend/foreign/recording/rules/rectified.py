"""Rectifiers of values that are never negative, which change nothing: people write them anyway."""

from __future__ import annotations

from neurodeploy.frontend.foreign.recording.fold import Fold
from neurodeploy.frontend.foreign.recording.values import Value
from snncore import layer, neuron
from snncore.dynamics.sent import sends_ones
from snncore.layer.moving import Moving

# These return no negative values where they read none.
_KEEPING = (
    *(getattr(layer, f"{kind}Pool{n}d") for kind in ("Max", "Avg", "AdaptiveAvg") for n in (1, 2)),
    *(layer.SumPool2d, layer.Flatten, layer.Upsample, Moving),
)


def rectified(fold: Fold, value: Value, name: str) -> bool:
    """Return whether rectifying changes nothing, and note that it is left out then."""
    if not _is_positive(fold, value.node):
        return False
    sentence = f"{name}, which changes no spike"
    if sentence not in fold.left_out:
        fold.left_out.append(sentence)
    return True


def _is_positive(fold: Fold, name: str) -> bool:
    """Return whether a node's values are spikes, or what layers without weights make of them."""
    node = fold.nodes[name]
    if node.function in ("add", "multiply"):
        return all(_is_positive(fold, each) for each in node.inputs)
    ours = None if node.build is None else node.build()
    neurons = ours.body if isinstance(ours, layer.Recurrent) else ours
    if isinstance(neurons, neuron.EquationNeuron):
        return sends_ones(neurons.equations)
    return isinstance(ours, _KEEPING) and all(_is_positive(fold, each) for each in node.inputs)
