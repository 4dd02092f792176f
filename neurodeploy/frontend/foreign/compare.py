"""The comparison of a foreign network's recorded run with ours, spike by spike."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from neurodeploy.frontend.calls import INPUT, Calls
from neurodeploy.frontend.foreign.recording.calls import Recording
from neurodeploy.frontend.foreign.recording.fold import sequence_first
from neurodeploy.frontend.foreign.recording.folded import Folded
from neurodeploy.frontend.foreign.report import Agreement, Parting
from snncore import functional, neuron
from snncore.dynamics.sent import sends_spikes

# The limit of the difference between sums of the same numbers in another order.
_ROUNDING = 1e-4


@torch.no_grad()
def compared(folded: Folded, x: Tensor, expected: Tensor | None) -> Agreement:
    """Return whether ours computes the same for the input (T, N, ...) of the recorded run.

    `expected` is what the foreign network returned, if nothing behind it was left out.
    """
    calls, layers = folded.calls(), folded.layers()
    values = _run(calls, layers, x, whole=folded.is_whole and folded.time is not None)
    neurons = {node.name: node for node in folded.nodes if node.expected}
    spikes, parting, rounding = 0, None, 0.0
    for name, node in neurons.items():
        sent = torch.stack([node.expected[step] for step in range(folded.steps)])
        difference = _rounding(sent, values[name]) if _sends_sums(layers[name]) else None
        if difference is not None:
            rounding = max(rounding, difference)
            continue
        spikes += int(torch.count_nonzero(sent))
        parting = parting or _parting(name, sent, values[name])
    if expected is not None and parting is None:
        ours = values[calls.output]
        difference = _rounding(expected, ours)
        rounding = max(rounding, difference or 0.0)
        if difference is None:
            pair = (expected, ours) if not folded.output.decoder else (expected[None], ours[None])
            parting = _parting(calls.output, *pair)
    size = (x.shape[1], folded.steps, tuple(neurons), spikes)
    return Agreement(*size, parting, rounding)


def returned(folded: Folded, recording: Recording) -> Tensor | None:
    """Return what the foreign network returned, as ours does, or None if a part was left out."""
    tensors = [recording.tensors[n] for n in folded.numbers if n in recording.tensors]
    if folded.ended or not tensors or len(tensors) < len(folded.numbers):
        return None
    value = folded.output
    if value.decoder:
        return tensors[0]
    one_a_step = len(tensors) > 1 or tensors[0].ndim < len(value.axes)
    return torch.stack(tensors) if one_a_step else sequence_first(value, tensors[0], folded.steps)


def both(first: Agreement, second: Agreement) -> Agreement:
    """Return two comparisons as one."""
    return Agreement(
        first.samples + second.samples,
        first.steps,
        first.layers,
        first.spikes + second.spikes,
        first.parting or second.parting,
        max(first.rounding, second.rounding),
    )


def _run(
    calls: Calls, layers: Mapping[str, nn.Module], x: Tensor, *, whole: bool
) -> dict[str, Tensor]:
    """Return every value (T, N, ...), computed as the foreign network does: whole or in steps."""
    parts = [x] if whole else list(x)
    for module in layers.values():
        functional.set_step_mode(module, "m" if whole else "s")
    steps: dict[str, list[Tensor]] = {}
    for part in parts:
        values = {INPUT: part}
        for call in calls.calls:
            if call.decoder is None:
                values[call.name] = _called(call, layers, [values[name] for name in call.inputs])
                steps.setdefault(call.name, []).append(values[call.name])
    results = {name: each[0] if whole else torch.stack(each) for name, each in steps.items()}
    for call in calls.calls:
        if call.decoder is not None:
            results[call.name] = call.decoder(results[call.inputs[0]])
    return results


def _called(call: object, layers: Mapping[str, nn.Module], inputs: list[Tensor]) -> Tensor:
    function = getattr(call, "function", "")
    if function == "add":
        return inputs[0] + inputs[1]
    if function == "multiply":
        return inputs[0] * inputs[1]
    if function == "complement":
        return 1.0 - inputs[0]
    result: Tensor = layers[getattr(call, "target", "")](*inputs)
    return result


def _parting(name: str, expected: Tensor, actual: Tensor) -> Parting | None:
    """Return the first value in which two sequences differ."""
    if expected.shape != actual.shape:
        return Parting(name, 0, 0, 0, float("nan"), float("nan"))
    differing = torch.nonzero((expected != actual).flatten(2))
    if not len(differing):
        return None
    step, sample, neuron = (int(index) for index in differing[0])
    pair = (float(each.flatten(2)[step, sample, neuron]) for each in (expected, actual))
    return Parting(name, step, sample, neuron, *pair)


def _sends_sums(module: nn.Module) -> bool:
    """Return whether neurons show a state, such as a readout's voltage, in place of spikes."""
    return isinstance(module, neuron.EquationNeuron) and not sends_spikes(module.equations)


def _rounding(expected: Tensor, actual: Tensor) -> float | None:
    """Return the largest difference of sums, or None if it is more than their last bits."""
    if expected.shape != actual.shape:
        return None
    if not expected.numel():
        return 0.0
    largest = float((expected - actual).abs().max())
    return largest if largest <= _ROUNDING * max(1.0, float(expected.abs().max())) else None
