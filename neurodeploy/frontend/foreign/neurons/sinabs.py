"""sinabs's neurons. They fire at the threshold, count several spikes a step, and have time second.

A count is a whole number of thresholds: `trunc(v / threshold)`.
"""

from __future__ import annotations

from typing import Any

import torch

from neurodeploy.frontend.foreign.building import defined, parameters, refusal
from neurodeploy.frontend.foreign.form import OUTPUT, Framework, Taken
from neurodeploy.frontend.foreign.layers import layer_of, same_layer
from snncore import layer, neuron
from snncore.dynamics import maximum, select, spike

# The most spikes of a step that are counted; theirs count without an end.
MOST = 16


def _lif(
    v_mem: Any, x: Any, *, alpha: Any, share: Any, threshold: Any, drop: Any, back: Any, least: Any,
    **form: Any,
) -> Any:  # fmt: skip
    h = _charged(v_mem, x, alpha, share, form)
    return _after(h, threshold, drop, back, least, form)


def _synaptic_lif(
    v_mem: Any, i_syn: Any, x: Any, *, alpha: Any, share: Any, syn: Any, threshold: Any, drop: Any,
    back: Any, least: Any, **form: Any,
) -> Any:  # fmt: skip
    i_syn = syn * (i_syn + x)
    h = _charged(v_mem, i_syn, alpha, share, form)
    v_mem, s = _after(h, threshold, drop, back, least, form)
    return v_mem, i_syn, s


def _adaptive(
    v_mem: Any, b: Any, x: Any, *, alpha: Any, share: Any, threshold: Any, rise: Any, keep: Any,
    gain: Any, drop: Any, back: Any, least: Any, **form: Any,
) -> Any:  # fmt: skip
    h = _charged(v_mem, x, alpha, share, form)
    v_mem, s = _after(h, threshold + rise * b, drop, back, least, form)
    return v_mem, keep * b + gain * s, s


def _synaptic_adaptive(
    v_mem: Any, i_syn: Any, b: Any, x: Any, *, alpha: Any, share: Any, syn: Any, threshold: Any,
    rise: Any, keep: Any, gain: Any, drop: Any, back: Any, least: Any, **form: Any,
) -> Any:  # fmt: skip
    i_syn = syn * (i_syn + x)
    if form["normed"]:
        i_syn = share * i_syn
    h = alpha * v_mem + i_syn
    v_mem, s = _after(h, threshold + rise * b, drop, back, least, form)
    return v_mem, i_syn, keep * b + gain * s, s


def _charged(v: Any, x: Any, alpha: Any, share: Any, form: dict[str, Any]) -> Any:
    kept = alpha * v if form["leaks"] else v
    return kept + (share * x if form["normed"] else x)


def _after(
    h: Any, threshold: Any, drop: Any, back: Any, least: Any, form: dict[str, Any]
) -> tuple[Any, Any]:
    """Return the voltage that is kept, and the count, or the voltage of one that never fires."""
    if not form["most"]:
        s = h
    else:
        s = _count(h, threshold, form["most"], form["exact"])
        if form["resets"]:
            h = select(s, 0.0, h) + back if form["backs"] else select(s, 0.0, h)
        else:
            h = h - s * (drop if form["drops"] else threshold)
    if form["bounded"]:
        # Rounded as it is there: to a multiple of the bound, and back.
        h = maximum(h - least, 0.0) + least
    return h, s


def _count(h: Any, threshold: Any, most: int, exact: bool) -> Any:
    """Return the number of thresholds in a voltage; `exact` if a quotient is never rounded."""
    if most == 1:
        return spike(h - threshold)
    if exact:
        s = spike(h - threshold)
        for count in range(2, most + 1):
            s = s + spike(h - count * threshold)
        return s
    share = h / threshold
    s = spike(share - 1.0)
    for count in range(2, most + 1):
        s = s + spike(share - float(count))
    return s


def _take(module: Any) -> Taken:
    """Return LIF, IAF or ExpLeak."""
    alpha, syn = _decays(module)
    values = {"alpha": alpha, "share": 1 - alpha, "threshold": _or(module.spike_threshold, 1.0)}
    states = {"v_mem": 0.0}
    if syn is not None:
        states, values = {"v_mem": 0.0, "i_syn": 0.0}, values | {"syn": syn}
    step = _lif if syn is None else _synaptic_lif
    return _built(module, step, states, values, normed=bool(module.norm_input))


def _take_adaptive(module: Any) -> Taken:
    alpha, syn = _decays(module)
    keep = _decay(module, "adapt")
    values = {"alpha": alpha, "share": 1 - alpha, "threshold": module.b0, "keep": keep}
    values |= {"gain": 1 - keep, "rise": module.adapt_scale}
    states = {"v_mem": 0.0, "b": 0.0}
    if syn is not None:
        states, values = {"v_mem": 0.0, "i_syn": 0.0, "b": 0.0}, values | {"syn": syn}
    step = _adaptive if syn is None else _synaptic_adaptive
    return _built(module, step, states, values, normed=bool(module.norm_input), whole=False)


def _recurrent(module: Any) -> Taken:
    """Return the neuron with what its spikes feed back, which nothing does in the first step."""
    name = type(module).__qualname__
    body = _take_adaptive(module) if name.startswith("ALIF") else _take(module)
    back = layer_of(module.rec_connect)
    if back is None:
        kind = type(module.rec_connect).__name__
        raise refusal(module, f"feeds back through {kind}", "use nn.Linear or nn.Conv2d")
    return Taken(layer.Recurrent(body.layer, back), body.outputs, 1, body.note, axes=body.axes)


def _built(
    module: Any,
    step: Any,
    states: dict[str, float],
    values: dict[str, Any],
    *,
    normed: bool,
    whole: bool = True,
) -> Taken:
    spikes, most = _most(module)
    resets, drops = _reset(module)
    bound, back = module.min_v_mem, getattr(module.reset_fn, "reset_value", 0.0)
    values = values | {"drop": _or(drops, 0.0), "back": back, "least": _or(bound, 0.0)}
    numbers, axes = parameters(module, values)
    exact = whole and _binary(numbers["threshold"])
    form: dict[str, Any] = {"most": most if spikes else 0, "exact": exact, "normed": normed}
    leaks = not isinstance(numbers["alpha"], float) or numbers["alpha"] != 1.0
    form |= {"leaks": leaks, "resets": resets, "backs": back != 0.0}
    form |= {"drops": drops is not None, "bounded": bound is not None}
    name = type(module).__qualname__
    simple = states == {"v_mem": 0.0} and not (form["leaks"] or normed or resets or drops or bound)
    if simple and most == 1 and spikes and bound is None:
        ours: neuron.Neuron = neuron.IF(numbers["threshold"], reset="soft")
    else:
        ours = defined(name, step, states, numbers, **form)
    merged = name.endswith("Squeeze")
    note = f"counts up to {MOST} spikes a step; sinabs counts without an end" if most > 1 else ""
    return Taken(ours, (OUTPUT,), 0 if merged else 1, note if spikes else "", merged, axes)


def _decays(module: Any) -> tuple[Any, Any]:
    """Return the shares that voltage and current keep; an integrator's is one."""
    kept = torch.tensor(1.0) if "IAF" in type(module).__qualname__ else _decay(module, "mem")
    return kept, _decay(module, "syn")


def _decay(module: Any, name: str) -> Any:
    if module.train_alphas:
        alpha = getattr(module, f"alpha_{name}", None)
        return None if alpha is None else alpha.detach()
    tau = getattr(module, f"tau_{name}", None)
    return None if tau is None else torch.exp(-1.0 / tau.detach())


def _most(module: Any) -> tuple[bool, int]:
    """Return whether the neuron fires, and how often in a step."""
    fire = module.spike_fn
    if fire is None:
        return False, 1
    name = getattr(fire, "__name__", type(fire).__name__)
    if name == "MaxSpike":
        return True, min(int(fire.max_num_spikes_per_bin or MOST), MOST)
    if name not in ("SingleSpike", "MultiSpike"):
        raise refusal(module, f"fires by {name}", "use SingleSpike, MultiSpike or MaxSpike")
    return True, 1 if name == "SingleSpike" else MOST


def _reset(module: Any) -> tuple[bool, Any]:
    """Return whether spikes clear the voltage, and what they subtract if not the threshold."""
    reset = module.reset_fn
    name = type(reset).__name__
    if reset is None or name == "MembraneSubtract":
        return False, None if reset is None else reset.subtract_value
    if name != "MembraneReset":
        raise refusal(module, f"resets by {name}", "use MembraneSubtract or MembraneReset")
    return True, None


def _or(value: Any, default: float) -> Any:
    return default if value is None else value


def _binary(threshold: Any) -> bool:
    """Return whether all thresholds are powers of two, so that a quotient is exact."""
    mantissa = torch.frexp(torch.as_tensor(threshold)).mantissa
    return bool((mantissa == 0.5).all())


def _take_repeated(module: Any) -> Taken:
    """Return a layer of single steps on (batch, time, ...)."""
    inside = layer_of(module.module)
    if inside is None:
        kind = type(module.module).__name__
        raise refusal(module, f"repeats {kind}", "repeat a layer of torch.nn")
    return Taken(inside, (OUTPUT,), 1)


_KINDS: dict[str, Any] = {"LIF": _take, "IAF": _take, "ExpLeak": _take, "ALIF": _take_adaptive}
SINABS = Framework(
    neurons={
        **_KINDS,
        **{f"{name}Squeeze": take for name, take in _KINDS.items()},
        **dict.fromkeys(("LIFRecurrent", "IAFRecurrent", "ALIFRecurrent"), _recurrent),
    },
    refused={
        "SpikingMaxPooling2dLayer": ("counts spikes over time", "use nn.AvgPool2d"),
        "NeuromorphicReLU": ("sends values, not spikes", "convert it with from_model first"),
        "QuantizeLayer": ("rounds values", "leave it out, and quantize"),
        "ChannelShift": ("moves channels", "leave it out"),
        "Cropping2dLayer": ("crops images", "crop the samples"),
    },
    layers={"SumPool2d": same_layer, "Repeat": _take_repeated},
)
