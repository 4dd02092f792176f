"""snnTorch's neurons. They fire above the threshold, and reset in the step after the spike."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from neurodeploy.frontend.foreign.building import defined, parameters, refusal
from neurodeploy.frontend.foreign.form import OUTPUT, Framework, Taken
from neurodeploy.frontend.foreign.layers import layer_of, linear
from snncore import layer, neuron
from snncore.dynamics import absolute, detach, maximum, select, spike

_RESETS = {"_base_sub": "subtract", "_base_zero": "zero", "_base_int": "none"}
_OURS = {"subtract": "soft", "zero": "hard", "none": "none"}


def _fires(mem: Any, threshold: Any) -> Any:
    return spike(mem - threshold, strict=True)


def _sent(s: Any, factor: Any, graded: bool) -> Any:
    return s * factor if graded else s


def _fire(
    h: Any, r: Any, threshold: Any, factor: Any, *, graded: bool, reset: str, delayed: bool
) -> Any:
    """Return the voltage that is kept, and what is sent; r is the last step's spike."""
    s = _fires(h, threshold)
    if not delayed and reset != "none":
        late = s - r
        h = h - late * (threshold if reset == "subtract" else h)
    return h, _sent(s, factor, graded)


def _reset(h: Any, r: Any, threshold: Any, reset: str) -> Any:
    """Return a charged voltage after the reset by the last step's spike."""
    if reset == "zero":
        return select(r, 0.0, h)
    return h - r * threshold if reset == "subtract" else h


def _lapicque(
    mem: Any, x: Any, *,
    resistance: Any, gain: Any, duration: Any, keep: Any, threshold: Any, factor: Any,
    graded: bool, reset: str, plain: bool,
) -> Any:  # fmt: skip
    r = detach(_fires(mem, threshold))
    charge = x * gain if plain else x * resistance * gain * duration
    h = _reset(charge + keep * mem, r, threshold, reset)
    return h, _sent(_fires(h, threshold), factor, graded)


def _rleaky(
    spk: Any, mem: Any, x: Any, *,
    beta: Any, weight: Any, threshold: Any, factor: Any, graded: bool, reset: str, delayed: bool,
) -> Any:  # fmt: skip
    r = detach(_fires(mem, threshold))
    h = _reset(beta * mem + x + spk * weight, r, threshold, reset)
    h, s = _fire(h, r, threshold, factor, graded=graded, reset=reset, delayed=delayed)
    return s, h, s


def _rleaky_fed(
    mem: Any, x: Any, fed: Any, *,
    beta: Any, threshold: Any, factor: Any, graded: bool, reset: str, delayed: bool,
) -> Any:  # fmt: skip
    r = detach(_fires(mem, threshold))
    h = _reset(beta * mem + x + fed, r, threshold, reset)
    return _fire(h, r, threshold, factor, graded=graded, reset=reset, delayed=delayed)


def _rsynaptic(
    spk: Any, syn: Any, mem: Any, x: Any, *,
    alpha: Any, beta: Any, weight: Any, threshold: Any, factor: Any, graded: bool, reset: str,
) -> Any:  # fmt: skip
    r = detach(_fires(mem, threshold))
    syn = alpha * syn + x + spk * weight
    h = _reset(beta * mem + syn, r, threshold, reset)
    s = _sent(_fires(h, threshold), factor, graded)
    return s, syn, h, s


def _rsynaptic_fed(
    syn: Any, mem: Any, x: Any, fed: Any, *,
    alpha: Any, beta: Any, threshold: Any, factor: Any, graded: bool, reset: str,
) -> Any:  # fmt: skip
    r = detach(_fires(mem, threshold))
    syn = alpha * syn + x + fed
    h = _reset(beta * mem + syn, r, threshold, reset)
    return syn, h, _sent(_fires(h, threshold), factor, graded)


def _parallel(
    mem: Any, x: Any, *, beta: Any, shift: Any, threshold: Any, factor: Any, graded: bool
) -> Any:
    h = maximum(x + (beta * mem + shift), 0.0)
    return h, _sent(_fires(h, threshold), factor, graded)


def _delta(mem: Any, mem_prev: Any, x: Any, *, beta: Any, threshold: Any) -> Any:
    h = beta * mem + x
    return h, mem, _fires(absolute(h - mem), threshold)


def _take_leaky(module: Any) -> Taken:
    values = {"beta": module.beta.clamp(0, 1)}
    return _zoo(module, neuron.Leaky, values, delayed=bool(module.reset_delay))


def _take_synaptic(module: Any) -> Taken:
    values = {"alpha": module.alpha.clamp(0, 1), "beta": module.beta.clamp(0, 1)}
    return _zoo(module, neuron.Synaptic, values, delayed=bool(module.reset_delay))


def _take_alpha(module: Any) -> Taken:
    alpha, beta = module.alpha.clamp(0, 1), module.beta.clamp(0, 1)
    tau = torch.log(alpha) / (torch.log(beta) - torch.log(alpha)) + 1
    values = {"alpha": alpha, "beta": beta, "tau": tau}
    return _zoo(module, neuron.Alpha, values)


def _take_lapicque(module: Any) -> Taken:
    per = module.R * module.C
    values = {
        "resistance": module.R,
        "gain": 1 / per,
        "duration": module.time_step,
        "keep": 1 - module.time_step / per,
    }
    # A product by one changes nothing.
    plain = bool((module.R == 1).all() and (module.time_step == 1).all())
    return _plain(module, "Lapicque", _lapicque, ("mem",), values, plain=plain)


def _take_rleaky(module: Any) -> Taken:
    values = {"beta": module.beta.clamp(0, 1)}
    delayed = bool(module.reset_delay)
    if module.all_to_all:
        body = _plain(module, "RLeaky", _rleaky_fed, ("mem",), values, delayed=delayed)
        return _fed(module, body)
    values["weight"] = module.recurrent.V
    return _plain(module, "RLeaky", _rleaky, ("spk", "mem"), values, delayed=delayed)


def _take_rsynaptic(module: Any) -> Taken:
    if not module.reset_delay:
        raise refusal(module, "its reset_delay=False fails in snnTorch", "use reset_delay=True")
    values = {"alpha": module.alpha.clamp(0, 1), "beta": module.beta.clamp(0, 1)}
    if module.all_to_all:
        return _fed(module, _plain(module, "RSynaptic", _rsynaptic_fed, ("syn", "mem"), values))
    values["weight"] = module.recurrent.V
    return _plain(module, "RSynaptic", _rsynaptic, ("spk", "syn", "mem"), values)


def _take_parallel(module: Any) -> Taken:
    rnn = module.rnn
    hidden = rnn.weight_hh_l0.detach()
    if bool((hidden - torch.diag(hidden.diagonal())).any()):
        raise refusal(module, "its neurons feed one another by a matrix", "use RLeaky")
    zeros = torch.zeros(len(hidden))
    values = {
        "beta": hidden.diagonal(),
        "shift": rnn.bias_hh_l0 if rnn.bias else zeros,
        "threshold": module.threshold,
        "factor": module.graded_spikes_factor,
    }
    numbers, axes = parameters(module, values)
    graded = numbers["factor"] != 1.0
    neurons = defined("LeakyParallel", _parallel, {"mem": 0.0}, numbers, graded=graded)
    before = linear(rnn.weight_ih_l0, rnn.bias_ih_l0 if rnn.bias else None)
    return Taken(nn.Sequential(before, neurons), (OUTPUT,), 0, axes=axes)


def _take_delta(module: Any) -> Taken:
    _require_plain(module)
    values = {"beta": module.beta, "threshold": torch.as_tensor(module.delta_threshold)}
    numbers, axes = parameters(module, values)
    neurons = defined("DeltaLeaky", _delta, {"mem": 0.0, "mem_prev": 0.0}, numbers)
    return Taken(neurons, (OUTPUT, "mem", "mem_prev"), None, axes=axes)


def _zoo(module: Any, kind: Any, values: dict[str, Any], **choices: Any) -> Taken:
    """Return one of our neurons with these states, all of which a call returns."""
    _require_plain(module)
    shared = {"threshold": module.threshold, "gain": module.graded_spikes_factor}
    numbers, axes = parameters(module, values | shared)
    neurons = kind(reset=_OURS[_reset_of(module)], **numbers, **choices)
    hidden = module.init_hidden and not module.output
    states = () if hidden else neurons.equations.states
    return Taken(neurons, (OUTPUT, *states), None, axes=axes)


def _plain(
    module: Any,
    name: str,
    step: Any,
    states: tuple[str, ...],
    values: dict[str, Any],
    **choices: Any,
) -> Taken:
    """Return a neuron with these states, of which a call returns all but the last spikes."""
    _require_plain(module)
    shared = {"threshold": module.threshold, "factor": module.graded_spikes_factor}
    numbers, axes = parameters(module, values | shared)
    form = {"reset": _reset_of(module), "graded": numbers["factor"] != 1.0} | choices
    neurons = defined(name, step, dict.fromkeys(states, 0.0), numbers, **form)
    shown = tuple(OUTPUT if state == "spk" else state for state in states)
    sent = tuple(each for each in shown if each != OUTPUT)
    hidden = module.init_hidden and not module.output
    return Taken(neurons, (OUTPUT,) if hidden else (OUTPUT, *sent), None, axes=axes)


def _fed(module: Any, body: Taken) -> Taken:
    """Return the neuron with what its spikes feed back as an input of its own."""
    fed = layer.Recurrent(body.layer, layer_of(module.recurrent), separate=True)
    return Taken(fed, body.outputs, None, axes=body.axes)


def _require_plain(module: Any) -> None:
    """Check that the neuron has no part that depends on its neighbours or on levels.

    Raises:
        UnsupportedLayerError: if it has.
    """
    if module.inhibition:
        raise refusal(module, "with inhibition, one neuron of all fires", "use inhibition=False")
    if module.state_quant:
        raise refusal(
            module, "its states are quantized by a function", "use state_quant=False, and quantize"
        )


def _reset_of(module: Any) -> str:
    """Return the reset that runs: a loaded buffer may name another one."""
    return _RESETS[module.state_function.__name__]


_WHOLE = "computes a whole sequence at once"
_GATES = "has gates of real values, which are not spikes"
SNNTORCH = Framework(
    neurons={
        "Leaky": _take_leaky,
        "Synaptic": _take_synaptic,
        "Alpha": _take_alpha,
        "Lapicque": _take_lapicque,
        "RLeaky": _take_rleaky,
        "RSynaptic": _take_rsynaptic,
        "LeakyParallel": _take_parallel,
        "DeltaLeaky": _take_delta,
    },
    refused={
        "StateLeaky": (_WHOLE, "use Leaky"),
        "LinearLeaky": (_WHOLE, "use Linear and Leaky"),
        "AssociativeLeaky": (_WHOLE, "use Leaky"),
        "SLSTM": (_GATES, "use RSynaptic"),
        "SConv2dLSTM": (_GATES, "use RSynaptic with a kernel"),
    },
    layers={},
)
