"""SpikingJelly's gated neuron, whose input gate is another one at every step."""

from __future__ import annotations

from typing import Any

from neurodeploy.frontend.foreign.building import defined, parameters, refusal
from neurodeploy.frontend.foreign.form import OUTPUT, Taken
from snncore.dynamics import minimum, select, spike

# The most steps, each of which has a gate of its own.
_MOST = 64


def _gated(
    v: Any, spk: Any, step: Any, x: Any, *,
    kept: Any, lost: Any, share: Any, drop: Any, threshold: Any, **gates: Any,
) -> Any:  # fmt: skip
    count = len(gates)
    gate = gates[f"gate{count - 1}"]
    for t in range(count - 2, -1, -1):
        gate = select(step < t + 0.5, gates[f"gate{t}"], gate)
    h = kept * v - lost + x * gate
    h = h - kept * v * share * spk - drop * spk
    s = spike(h - threshold)
    return h, s, minimum(step + 1.0, float(count)), s


def take_gated(module: Any) -> Taken:
    """Return the neuron for the steps that it was made for.

    Raises:
        UnsupportedLayerError: if these are too many.
    """
    if module.T > _MOST:
        raise refusal(module, f"has {module.T} gates in time", f"use T={_MOST} or less")

    def gate_of(logits: Any) -> Any:
        # Channels stand before height and width.
        return logits.detach().view(-1, 1, 1).sigmoid()

    alpha, beta, gamma, tau = map(gate_of, (module.alpha, module.beta, module.gamma, module.tau))
    values = {
        "kept": 1 - alpha * (1 - tau),
        "lost": (1 - alpha) * gate_of(module.linear_decay),
        "share": gamma,
        "drop": (1 - gamma) * gate_of(module.v_subreset),
        "threshold": gate_of(module.v_threshold),
    }
    for t, logits in enumerate(module.conduct):
        values[f"gate{t}"] = 1 - beta * (1 - gate_of(logits))
    numbers, axes = parameters(module, values)
    states = {"v": 0.0, "spk": 0.0, "step": 0.0}
    return Taken(defined("GatedLIFNode", _gated, states, numbers), (OUTPUT,), 0, axes=axes)
