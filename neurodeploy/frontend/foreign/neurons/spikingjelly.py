"""SpikingJelly's neurons. They fire at the threshold, and reset within the step of the spike."""

from __future__ import annotations

import math
from typing import Any

from neurodeploy.frontend.foreign.building import (
    defined,
    number,
    parameters,
    refusal,
)
from neurodeploy.frontend.foreign.form import OUTPUT, Framework, Taken
from neurodeploy.frontend.foreign.neurons.gated import take_gated
from neurodeploy.frontend.foreign.spikingjelly_layers import LAYERS
from snncore import neuron
from snncore.dynamics import select, spike
from snncore.dynamics.zoo.spiking import Fire, Reset


def _if(v: Any, x: Any, *, threshold: Any, back: Any, fire: str) -> Any:
    return Fire(Reset(fire))(v + x, threshold, back)


def _plif(
    v: Any, x: Any, *, leak: Any, threshold: Any, back: Any, rest: Any,
    fire: str, decay_input: bool,
) -> Any:  # fmt: skip
    apart = v - rest
    h = v + (x - apart) * leak if decay_input else v - apart * leak + x
    return Fire(Reset(fire))(h, threshold, back)


def _unfired(v: Any, x: Any, *, tau: Any, rest: Any, decay_input: bool) -> Any:
    apart = v - rest
    h = v + (x - apart) / tau if decay_input else v - apart / tau + x
    return h, 0.0 * h


def _simple_lif(
    v: Any, x: Any, *, tau: Any, threshold: Any, back: Any, fire: str, decay_input: bool
) -> Any:
    lost = back - v
    h = v + (lost + x) / tau if decay_input else v + lost / tau + x
    return Fire(Reset(fire))(h, threshold, back)


def _cuba(
    v: Any, c: Any, x: Any, *, current: Any, voltage: Any, threshold: Any, back: Any, fire: str
) -> Any:
    c = c * current + x
    v, s = Fire(Reset(fire))(v * voltage + c, threshold, back)
    return v, c, s


def _izhikevich(
    v: Any, w: Any, x: Any, *, tau: Any, gain: Any, rest: Any, critical: Any, a: Any, b: Any,
    slow: Any, threshold: Any, back: Any, fire: str,
) -> Any:  # fmt: skip
    h = v + (x + gain * (v - rest) * (v - critical) - w) / tau
    v, s = Fire(Reset(fire))(h, threshold, back)
    return v, w + (a * (h - rest) - w) / slow + b * s, s


def _ilif(v: Any, x: Any, *, tau: Any, keep: Any, threshold: Any, most: int, multiple: bool) -> Any:
    h = keep * v + x if multiple else v - v / tau + x
    # A half is rounded to the even count: 0.5 to 0, 1.5 and 2.5 to 2.
    share = h / threshold
    s = spike(share - 0.5, strict=True)
    for count in range(2, most + 1):
        s = s + spike(share - (count - 0.5), strict=count % 2 == 1)
    return h - s * threshold, s


def _resonate(
    v: Any, u: Any, x: Any, *, alpha: Any, cos: Any, sin: Any, threshold: Any, back: Any, fire: str
) -> Any:
    charged = alpha * (u * cos - v * sin) + x
    v, s = Fire(Reset(fire))(alpha * (u * sin + v * cos), threshold, back)
    return v, charged, s


def _stbif(q: Any, sent: Any, x: Any, *, threshold: Any, most: Any, least: Any) -> Any:
    q = q + x / threshold
    up = select(sent < most, spike(q - 1.0), 0.0)
    down = select(sent > least, spike(-q, strict=True), 0.0)
    current = up - down
    return q - up + down, sent + current, current * threshold


def _aware_if(v: Any, x: Any, *, threshold: Any, offset: Any, back: Any, fire: str) -> Any:
    h = v + x
    s = spike(h + offset - threshold)
    return select(s, back, h) if fire == Reset.HARD else h - s * threshold, s


def _take_if(module: Any) -> Taken:
    return _zoo(module, neuron.IF(module.v_threshold, **_returning(module)))


def _take_half(module: Any) -> Taken:
    start = {"v": module.v_threshold / 2.0}
    ours = neuron.IF(module.v_threshold, initial=start, **_returning(module))
    return _zoo(module, ours)


def _take_simple_if(module: Any) -> Taken:
    return _plain(module, "SimpleIF", _if, {"v": 0.0}, _firing(module))


def _take_lif(module: Any) -> Taken:
    if math.isinf(module.v_threshold):
        # A readout, whose voltage is read.
        values = {"tau": module.tau, "rest": module.v_reset or 0.0}
        start, form = {"v": values["rest"]}, {"decay_input": bool(module.decay_input)}
        return _taken(module, "UnfiredLIF", _unfired, start, values, form)
    form = _returning(module) | {"decay_input": bool(module.decay_input)}
    return _zoo(module, neuron.LIF(module.tau, module.v_threshold, **form))


def _take_plif(module: Any) -> Taken:
    # Their logistic function is another one than ours, in the last bit.
    values = {"leak": module.w.detach().sigmoid()} | _firing(module)
    values["rest"] = module.v_reset or 0.0
    form: dict[str, Any] = {"decay_input": bool(module.decay_input)}
    return _plain(module, "ParametricLIF", _plif, {"v": module.v_reset or 0.0}, values, **form)


def _take_simple_lif(module: Any) -> Taken:
    if module.v_reset is None:
        raise refusal(module, "v_reset=None fails in SpikingJelly", "use LIFNode")
    values = {"tau": module.tau} | _firing(module)
    decay = bool(module.decay_input)
    return _plain(module, "SimpleLIF", _simple_lif, {"v": 0.0}, values, decay_input=decay)


def _take_cuba(module: Any) -> Taken:
    values = {"current": module.c_decay, "voltage": module.v_decay} | _firing(module)
    return _plain(module, "CUBALIF", _cuba, {"v": module.v_reset or 0.0, "c": 0.0}, values)


def _take_qif(module: Any) -> Taken:
    form = _bouncing(module) | {"rest": module.v_rest, "gain": module.a0, "critical": module.v_c}
    return _zoo(module, neuron.QIF(module.tau, module.v_threshold, **form))


def _take_eif(module: Any) -> Taken:
    form = _bouncing(module) | {"rest": module.v_rest}
    form |= {"onset": module.theta_rh, "sharpness": module.delta_T}
    return _zoo(module, neuron.EIF(module.tau, module.v_threshold, **form), note=_EXPONENTIAL)


def _take_izhikevich(module: Any) -> Taken:
    values = {"tau": module.tau, "gain": module.a0, "rest": module.v_rest, "critical": module.v_c}
    values |= {"a": module.a, "b": module.b, "slow": module.tau_w} | _firing(module)
    start = {"v": module.v_reset or 0.0, "w": module.w_rest}
    return _plain(module, "Izhikevich", _izhikevich, start, values)


def _take_ilif(module: Any) -> Taken:
    values = {"tau": module.tau, "keep": 1.0 - 1.0 / module.tau, "threshold": module.v_threshold}
    most = int(module.surrogate_function.max_spike_count)
    form = {"most": most, "multiple": module.step_mode == "m"}
    return _taken(module, "ILIF", _ilif, {"v": 0.0}, values, form)


def _take_klif(module: Any) -> Taken:
    form = _returning(module) | {"decay_input": bool(module.decay_input)}
    form["scale_reset"] = bool(module.scale_reset)
    k = number(module, "k", module.k)
    return _zoo(module, neuron.KLIF(module.tau, module.v_threshold, k=k, **form))


def _take_complementary(module: Any) -> Taken:
    ours = neuron.ComplementaryLIF(module.tau, module.v_threshold)
    return _zoo(module, ours, note=_EXPONENTIAL)


def _take_ternary_if(module: Any) -> Taken:
    return _zoo(module, neuron.TernaryIF(module.v_threshold, **_returning(module)))


def _take_ternary_lif(module: Any) -> Taken:
    form = _returning(module) | {"decay_input": bool(module.decay_input)}
    return _zoo(module, neuron.TernaryLIF(module.tau, module.v_threshold, **form))


def _take_resonate(module: Any) -> Taken:
    angle = module.omega * module.dt
    values = {
        "alpha": math.exp(module.b * module.dt),
        "cos": math.cos(angle),
        "sin": math.sin(angle),
    }
    start = {"v": module.v_reset or 0.0, "u": 0.0}
    return _plain(module, "RAF", _resonate, start, values | _firing(module))


def _take_stbif(module: Any) -> Taken:
    values = {"threshold": module.q_threshold, "most": module.pos_max, "least": module.neg_min}
    return _taken(module, "STBIF", _stbif, {"q": 0.5, "sent": 0.0}, values, {})


def _take_aware(module: Any) -> Taken:
    values = {"threshold": module.v_threshold, "offset": module.v_offset, "back": module.v_reset}
    values["back"] = module.v_reset or 0.0
    several = max(module.v_threshold.ndim, module.v_offset.ndim)
    if several and module.channel_dim not in (1, -1):
        raise refusal(module, f"its channels are axis {module.channel_dim}", "use channel_dim=1")
    form = {"fire": _reset(module)}
    ours = _taken(module, "ActivationAwareIF", _aware_if, {"v": values["back"]}, values, form)
    if not several or module.channel_dim == -1:
        return ours
    return Taken(ours.layer, ours.outputs, ours.time)


def _take_integrator(module: Any) -> Taken:
    """Return an integrator, which starts anew with every call, and reads itself out."""
    decoders = {"max-mem": "largest", "mean-mem": "mean", "last_mem": "last", None: ""}
    if module.decode not in decoders:
        raise refusal(module, f"decodes by {module.decode}", "use max-mem, mean-mem or last_mem")
    name = type(module).__name__
    if name == "NonSpikingLIFNode":
        ours: Any = neuron.LeakyIntegrator(module.tau)
    else:
        ours = defined(name, _sum, {"v": 0.0}, {})
    return Taken(ours, (OUTPUT,), 0, decoder=decoders[module.decode])


def _sum(v: Any, x: Any) -> Any:
    return v + x, v + x


def _reset(module: Any) -> str:
    return Reset.SOFT.value if module.v_reset is None else Reset.HARD.value


def _returning(module: Any) -> dict[str, Any]:
    """Return the reset as an option of our zoo: neurons rest, start and go back to v_reset."""
    return {"reset": _reset(module), "rest": module.v_reset or 0.0}


def _bouncing(module: Any) -> dict[str, Any]:
    """Return the reset of neurons of our zoo whose rest is not where they go back to."""
    back = module.v_reset or 0.0
    return {"reset": _reset(module), "low": back, "initial": {"v": back}}


def _firing(module: Any) -> dict[str, Any]:
    return {"threshold": module.v_threshold, "back": module.v_reset or 0.0}


def _plain(
    module: Any,
    name: str,
    step: Any,
    start: dict[str, float],
    values: dict[str, Any],
    *,
    note: str = "",
    **choices: Any,
) -> Taken:
    """Return a neuron that a spike resets as the module says."""
    return _taken(module, name, step, start, values, {"fire": _reset(module)} | choices, note)


def _taken(
    module: Any,
    name: str,
    step: Any,
    start: dict[str, float],
    values: dict[str, Any],
    choices: dict[str, Any],
    note: str = "",
) -> Taken:
    _require_spikes(module)
    numbers, axes = parameters(module, values)
    first = {state: number(module, state, value) for state, value in start.items()}
    ours = defined(name, step, first, numbers, **choices)
    return Taken(ours, (OUTPUT,), _time(module), note, axes=axes)


def _zoo(module: Any, ours: neuron.Neuron, note: str = "") -> Taken:
    _require_spikes(module)
    return Taken(ours, (OUTPUT,), _time(module), note)


def _time(module: Any) -> int | None:
    return 0 if module.step_mode == "m" else None


def _require_spikes(module: Any) -> None:
    """Check that the neuron sends spikes, and not the values of a smooth function.

    Raises:
        UnsupportedLayerError: if it does not.
    """
    function = getattr(module, "surrogate_function", None)
    if not getattr(function, "spiking", True):
        raise refusal(module, "its surrogate sends no spikes", "use set_spiking_mode(True)")


_EXPONENTIAL = "its exponential is another one, which may differ in the last bit of a state"
_NOISE = ("adds noise", "use CUBALIFNode")
_TOGETHER = ("feeds back between layers of one call", "use LIFNode and a recurrent container")
_WHOLE = "computes a whole sequence at once"
SPIKINGJELLY = Framework(
    neurons={
        "IFNode": _take_if,
        "HalfThresholdIFNode": _take_half,
        "SimpleIFNode": _take_simple_if,
        "ActivationAwareIFNode": _take_aware,
        "LIFNode": _take_lif,
        "OTTTLIFNode": _take_lif,
        "SLTTLIFNode": _take_lif,
        "SimpleLIFNode": _take_simple_lif,
        "ParametricLIFNode": _take_plif,
        "CUBALIFNode": _take_cuba,
        "QIFNode": _take_qif,
        "EIFNode": _take_eif,
        "IzhikevichNode": _take_izhikevich,
        "ILIFNode": _take_ilif,
        "GatedLIFNode": take_gated,
        "KLIFNode": _take_klif,
        "ComplementaryLIFNode": _take_complementary,
        "TernaryIFNode": _take_ternary_if,
        "TernaryLIFNode": _take_ternary_lif,
        "RAFNode": _take_resonate,
        "STBIFNode": _take_stbif,
        "NonSpikingIFNode": _take_integrator,
        "NonSpikingLIFNode": _take_integrator,
    },
    refused={
        "LIAFNode": ("sends the values of a function, not spikes", "use LIFNode"),
        "PSN": (_WHOLE, "use snncore.neuron.PSN"),
        "MaskedPSN": (_WHOLE, "use snncore.neuron.SlidingPSN"),
        "SlidingPSN": ("sums its last inputs in another order", "use snncore.neuron.SlidingPSN"),
        "FlexSN": ("computes a function of the user's", "define it with snncore.neuron.define"),
        "FewSpikeNode": ("counts in phases of its own", "use ILIFNode"),
        "OutlierAwareThresholdNode": ("counts in phases of its own", "use ILIFNode"),
        "HGNode": ("counts in phases of its own", "use ILIFNode"),
        "DSRIFNode": (_WHOLE, "use IFNode"),
        "DSRLIFNode": (_WHOLE, "use LIFNode"),
        "MPBNLIFNode": ("normalizes its voltage within the step", "use LIFNode behind BatchNorm"),
        "ILCIFNode": _TOGETHER,
        "ILCLIFNode": _TOGETHER,
        "ILCCUBALIFNode": _TOGETHER,
        "NoisyCUBALIFNode": _NOISE,
        "NoisyILCCUBALIFNode": _NOISE,
        "NoisyNonSpikingIFNode": _NOISE,
    },
    layers=LAYERS,
)
