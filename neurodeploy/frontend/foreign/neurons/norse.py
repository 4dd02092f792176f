"""Norse's neurons. They fire above the threshold; their parameters `p` are rates per second."""

from __future__ import annotations

from typing import Any

from torch import nn

from neurodeploy.frontend.foreign.building import defined, number, parameters, refusal
from neurodeploy.frontend.foreign.form import OUTPUT, Framework, Taken
from neurodeploy.frontend.foreign.layers import fill, linear
from snncore import layer
from snncore.dynamics import detach, exp, maximum, select, spike


def _lif(
    v: Any, i: Any, x: Any, *, mem: Any, syn: Any, leak: Any, threshold: Any, back: Any
) -> Any:
    return _lif_step(v, i + x, mem, syn, leak, threshold, back)


def _lif_fed(
    v: Any, i: Any, x: Any, fed: Any, *,
    mem: Any, syn: Any, leak: Any, threshold: Any, back: Any,
) -> Any:  # fmt: skip
    return _lif_step(v, i + x + fed, mem, syn, leak, threshold, back)


def _lif_step(v: Any, i: Any, mem: Any, syn: Any, leak: Any, threshold: Any, back: Any) -> Any:
    h = v + mem * (leak - v + i)
    s = spike(h - threshold, strict=True)
    return select(s, back, h), i - syn * i, s


def _refractory(
    v: Any, i: Any, rho: Any, x: Any, *,
    mem: Any, syn: Any, leak: Any, threshold: Any, back: Any, wait: Any,
) -> Any:  # fmt: skip
    return _refractory_step(v, i + x, rho, mem, syn, leak, threshold, back, wait)


def _refractory_fed(
    v: Any, i: Any, rho: Any, x: Any, fed: Any, *,
    mem: Any, syn: Any, leak: Any, threshold: Any, back: Any, wait: Any,
) -> Any:  # fmt: skip
    return _refractory_step(v, i + x + fed, rho, mem, syn, leak, threshold, back, wait)


def _refractory_step(v: Any, i: Any, rho: Any, *numbers: Any) -> Any:
    *lif, wait = numbers
    after, i, s = _lif_step(v, i, *lif)
    waits = spike(rho, strict=True)
    s = select(waits, 0.0, s)
    return select(waits, v, after), i, select(s, wait, maximum(rho - waits, 0.0)), s


def _box(v: Any, x: Any, *, mem: Any, leak: Any, threshold: Any, back: Any, lowered: bool) -> Any:
    h = v + mem * (x + leak - v)
    s = spike(h - threshold, strict=True)
    return select(s, h - threshold if lowered else back, h), s


def _encoder(v: Any, x: Any, *, mem: Any, leak: Any, threshold: Any, back: Any) -> Any:
    h = v + mem * (leak - v + x)
    s = spike(h - threshold, strict=True)
    return h - s * (h - back), s


def _integrator(v: Any, i: Any, x: Any, *, mem: Any, syn: Any, leak: Any) -> Any:
    i = i + x
    v = v + mem * (leak - v + i)
    return v, i - syn * i, v


def _integrator_box(v: Any, x: Any, *, mem: Any, leak: Any) -> Any:
    v = v + mem * (leak - v + x)
    return v, v


def _iaf(v: Any, x: Any, *, threshold: Any, back: Any) -> Any:
    return _iaf_step(v + x, threshold, back)


def _iaf_step(h: Any, threshold: Any, back: Any) -> Any:
    s = spike(h - threshold, strict=True)
    return select(s, back, h), s


def _lsnn(
    v: Any, i: Any, b: Any, x: Any, *,
    mem: Any, syn: Any, adapt: Any, leak: Any, threshold: Any, back: Any, rise: Any,
) -> Any:  # fmt: skip
    v, faded, b, s = _lsnn_step(v, i, b, mem, syn, adapt, leak, threshold, back, rise)
    return v, faded + x, b, s


def _lsnn_fed(
    v: Any, i: Any, b: Any, x: Any, fed: Any, *,
    mem: Any, syn: Any, adapt: Any, leak: Any, threshold: Any, back: Any, rise: Any,
) -> Any:  # fmt: skip
    v, faded, b, s = _lsnn_step(v, i, b, mem, syn, adapt, leak, threshold, back, rise)
    return v, faded + x + fed, b, s


def _lsnn_step(
    v: Any, i: Any, b: Any, mem: Any, syn: Any, adapt: Any, leak: Any, threshold: Any, back: Any,
    rise: Any,
) -> Any:  # fmt: skip
    h = v + mem * (leak - v + i)
    limit = b + adapt * (threshold - b)
    s = spike(h - limit, strict=True)
    return select(s, back, h), i - syn * i, limit + detach(s) * rise, s


def _exponential(
    v: Any, i: Any, x: Any, *,
    mem: Any, syn: Any, leak: Any, threshold: Any, back: Any, sharpness: Any,
) -> Any:  # fmt: skip
    i = i + x
    drawn = sharpness * exp((v - threshold) / sharpness)
    h = v + mem * (leak - v + drawn + i)
    s = spike(h - threshold, strict=True)
    return select(s, back, h), i - syn * i, s


def _adaptive(
    v: Any, i: Any, a: Any, x: Any, *,
    mem: Any, syn: Any, adapt: Any, leak: Any, threshold: Any, back: Any, sharpness: Any,
    pull: Any, rise: Any,
) -> Any:  # fmt: skip
    i = i + x
    drawn = sharpness * exp((v - threshold) / sharpness)
    h = v + mem * (leak - v + drawn + i - a)
    a = a + adapt * (pull * (v - leak) - a)
    s = spike(h - threshold, strict=True)
    return select(s, back, h), i - syn * i, a + s * rise, s


def _take_lif(module: Any) -> Taken:
    return _neuron(module, "LIF", _lif, ("v", "i"), _lif_values(module, module.p))


def _take_lif_recurrent(module: Any) -> Taken:
    return _recurrent(module, "LIFRecurrent", _lif_fed, ("v", "i"), _lif_values(module, module.p))


def _take_refractory(module: Any) -> Taken:
    return _neuron(module, "LIFRefrac", _refractory, ("v", "i", "rho"), _waiting(module))


def _take_refractory_recurrent(module: Any) -> Taken:
    states = ("v", "i", "rho")
    return _recurrent(module, "LIFRefracRecurrent", _refractory_fed, states, _waiting(module))


def _take_box(module: Any) -> Taken:
    values = _rates(module, module.p, syn=False) | _firing(module, module.p)
    lowered = getattr(module.p.reset_method, "__name__", "")
    if lowered not in ("reset_value", "reset_subtract"):
        raise refusal(module, "resets by a function of the user's", "use reset_value")
    form: dict[str, Any] = {"lowered": lowered == "reset_subtract"}
    return _neuron(module, "LIFBox", _box, ("v",), values, **form)


def _take_integrator(module: Any) -> Taken:
    return _neuron(module, "LI", _integrator, ("v", "i"), _rates(module, module.p))


def _take_integrator_linear(module: Any) -> Taken:
    ours = _neuron(module, "LILinear", _integrator, ("v", "i"), _rates(module, module.p))
    before = linear(module.input_weights, None)
    return Taken(nn.Sequential(before, ours.layer), ours.outputs, None, axes=ours.axes)


def _take_integrator_box(module: Any) -> Taken:
    return _neuron(module, "LIBox", _integrator_box, ("v",), _rates(module, module.p, syn=False))


def _take_iaf(module: Any) -> Taken:
    values = _firing(module, module.p)
    start = {"v": number(module, "v_reset", module.p.v_reset)}
    return _built(module, "IAF", _iaf, start, values)


def _take_lsnn(module: Any) -> Taken:
    return _built(module, "LSNN", _lsnn, *_lsnn_values(module))


def _take_lsnn_recurrent(module: Any) -> Taken:
    return _fed(module, _built(module, "LSNNRecurrent", _lsnn_fed, *_lsnn_values(module)))


def _take_encoder(module: Any) -> Taken:
    """Return neurons that a constant current drives for some steps."""
    values = _rates(module, module.p, syn=False) | _firing(module, module.p)
    numbers, axes = parameters(module, values)
    ours = defined("ConstantCurrentLIF", _encoder, {"v": 0.0}, numbers)
    return Taken(ours, (OUTPUT,), 0, axes=axes, repeats=int(module.seq_length))


def _take_convolution(module: Any) -> Taken:
    """Return a convolution of every step's image, which Norse computes as one over time."""
    pairs = {key: getattr(module, key)[:2] for key in ("kernel_size", "stride", "dilation")}
    if isinstance(module.padding, str):
        raise refusal(module, f"pads by the word {module.padding!r}", "give numbers as its padding")
    ours = layer.Conv2d(
        module.in_channels,
        module.out_channels,
        **pairs,
        padding=module.padding[:2],
        groups=module.groups,
        bias=module.bias is not None,
    )
    fill(ours, module.weight.squeeze(-1), module.bias)
    return Taken(ours, (OUTPUT,), 0)


def _take_exponential(module: Any) -> Taken:
    values = _lif_values(module, module.p) | {"sharpness": module.p.delta_T}
    return _neuron(module, "LIFEx", _exponential, ("v", "i"), values, note=_EXPONENTIAL)


def _take_adaptive(module: Any) -> Taken:
    p = module.p
    values = _lif_values(module, p) | {"sharpness": p.delta_T, "adapt": module.dt * p.tau_ada_inv}
    values |= {"pull": p.adaptation_current, "rise": p.adaptation_spike}
    return _neuron(module, "LIFAdEx", _adaptive, ("v", "i", "a"), values, note=_EXPONENTIAL)


def _rates(module: Any, p: Any, *, syn: bool = True) -> dict[str, Any]:
    """Return the shares of a step, as Norse computes them from rates."""
    values = {"mem": module.dt * p.tau_mem_inv, "leak": p.v_leak}
    return values | ({"syn": module.dt * p.tau_syn_inv} if syn else {})


def _firing(module: Any, p: Any) -> dict[str, Any]:
    """Return the threshold and the reset.

    Raises:
        UnsupportedLayerError: if spikes are drawn at random.
    """
    if p.method == "logistic":
        raise refusal(module, "method='logistic' draws spikes at random", "use method='super'")
    return {"threshold": p.v_th, "back": p.v_reset}


def _lif_values(module: Any, p: Any) -> dict[str, Any]:
    return _rates(module, p) | _firing(module, p)


def _waiting(module: Any) -> dict[str, Any]:
    return _lif_values(module, module.p.lif) | {"wait": module.p.rho_reset}


def _lsnn_values(module: Any) -> tuple[dict[str, float], dict[str, Any]]:
    p = module.p
    values = _lif_values(module, p) | {"adapt": module.dt * p.tau_adapt_inv, "rise": p.beta}
    leak, limit = (number(module, name, getattr(p, name)) for name in ("v_leak", "v_th"))
    return {"v": leak, "i": 0.0, "b": limit}, values


def _neuron(
    module: Any,
    name: str,
    step: Any,
    states: tuple[str, ...],
    values: dict[str, Any],
    *,
    note: str = "",
    **choices: Any,
) -> Taken:
    """Return a neuron whose voltage starts at its leak."""
    start = dict.fromkeys(states, 0.0) | {"v": number(module, "v_leak", values["leak"])}
    return _built(module, name, step, start, values, note=note, **choices)


def _recurrent(
    module: Any, name: str, step: Any, states: tuple[str, ...], values: dict[str, Any]
) -> Taken:
    return _fed(module, _neuron(module, name, step, states, values))


def _built(
    module: Any,
    name: str,
    step: Any,
    start: dict[str, float],
    values: dict[str, Any],
    *,
    note: str = "",
    **choices: Any,
) -> Taken:
    numbers, axes = parameters(module, values)
    ours = defined(name, step, start, numbers, **choices)
    # A cell is called for a step; a layer loops over time itself.
    time = None if type(module).__qualname__.endswith("Cell") else 0
    return Taken(ours, (OUTPUT, *start), time, note, axes=axes)


def _fed(module: Any, body: Taken) -> Taken:
    """Return weights before the neuron, and the neuron with weights from its spikes to itself."""
    before = linear(module.input_weights, None)
    back = linear(module.recurrent_weights, None)
    fed = nn.Sequential(before, layer.Recurrent(body.layer, back, separate=True))
    # Their state begins with the last spikes.
    return Taken(fed, (OUTPUT, *body.outputs), body.time, body.note, axes=body.axes)


_EXPONENTIAL = "its exponential is another one, which may differ in the last bit of a state"
_CELLS = ("", "Cell")
_PLASTIC = ("changes its weights while it runs", "use LIFRecurrentCell")
_COMPARTMENTS = ("couples neurons by conductances", "use LIFRecurrentCell")
NORSE = Framework(
    neurons={
        **dict.fromkeys(("LIF", "LIFCell"), _take_lif),
        **dict.fromkeys(("LIFRecurrent", "LIFRecurrentCell"), _take_lif_recurrent),
        "LIFRefracCell": _take_refractory,
        "LIFRefracRecurrent": _take_refractory_recurrent,
        "LIFRefracRecurrentCell": _take_refractory_recurrent,
        "LIFBoxCell": _take_box,
        "ConstantCurrentLIFEncoder": _take_encoder,
        **dict.fromkeys(("LI", "LICell"), _take_integrator),
        "LILinearCell": _take_integrator_linear,
        "LIBoxCell": _take_integrator_box,
        **dict.fromkeys(("IAF", "IAFCell"), _take_iaf),
        **dict.fromkeys(("LSNN", "LSNNCell"), _take_lsnn),
        **dict.fromkeys(("LSNNRecurrent", "LSNNRecurrentCell"), _take_lsnn_recurrent),
        **dict.fromkeys(("LIFEx", "LIFExCell"), _take_exponential),
        **dict.fromkeys(("LIFAdEx", "LIFAdExCell"), _take_adaptive),
    },
    refused={
        **{f"LIFEx{kind}": ("couples an exponential", "use LIFRecurrentCell")
           for kind in ("Recurrent", "RecurrentCell")},
        **{f"LIFAdEx{kind}": ("couples an exponential", "use LSNNRecurrentCell")
           for kind in ("Recurrent", "RecurrentCell")},
        **{f"LIFMC{kind}": _COMPARTMENTS for kind in ("RecurrentCell", "RefracRecurrentCell")},
        "CobaLIFCell": _COMPARTMENTS,
        "LIFCorrelation": _PLASTIC,
        **{f"Izhikevich{kind}": ("starts from states of its own", "use snncore.neuron.Izhikevich")
           for kind in (*_CELLS, "Recurrent", "RecurrentCell")},
        "LIFAdExRefracCell": ("waits and adapts at once", "use LIFAdExCell"),
        "LIFAdExRefracRecurrentCell": ("waits and adapts at once", "use LIFRefracRecurrentCell"),
    },
    layers={"LConv2d": _take_convolution},
)  # fmt: skip
