"""Rockpool's neuron: a current decays into a voltage, and several spikes a step are counted."""

from __future__ import annotations

from typing import Any

import torch

from neurodeploy.frontend.foreign.building import defined, parameters, refusal
from neurodeploy.frontend.foreign.form import OUTPUT, Framework, Taken
from neurodeploy.frontend.foreign.layers import linear
from snncore import layer
from snncore.dynamics import spike

# The most spikes of a step that are counted.
MOST = 16


def _lif(
    vmem: Any, isyn: Any, x: Any, *, alpha: Any, beta: Any, shift: Any, threshold: Any, most: int
) -> Any:
    return _step(vmem, isyn + x, alpha, beta, shift, threshold, most)


def _lif_fed(
    vmem: Any, isyn: Any, x: Any, fed: Any, *,
    alpha: Any, beta: Any, shift: Any, threshold: Any, most: int,
) -> Any:  # fmt: skip
    return _step(vmem, isyn + x + fed, alpha, beta, shift, threshold, most)


def _step(
    vmem: Any, isyn: Any, alpha: Any, beta: Any, shift: Any, threshold: Any, most: int
) -> Any:
    isyn = isyn * beta
    h = vmem * alpha + isyn + shift
    s = spike(h - threshold)
    for count in range(2, most + 1):
        s = s + spike(h / threshold - float(count))
    return h - s * threshold, isyn, s


def _take(module: Any) -> Taken:
    if module.n_synapses != 1:
        raise refusal(
            module, f"has {module.n_synapses} synapses a neuron", "use as many inputs as neurons"
        )
    if float(module.noise_std):
        raise refusal(module, "adds noise", "use noise_std=0")
    fires = getattr(module.spike_generation_fn, "__self__", None)
    if getattr(fires, "__name__", "") not in ("StepPWL", "PeriodicExponential"):
        raise refusal(module, "fires by a function of the user's", "use StepPWL")
    alpha, beta = _decays(module)
    values = {"alpha": alpha, "beta": beta.squeeze(-1) if beta.ndim > 1 else beta}
    numbers, axes = parameters(
        module, values | {"shift": module.bias, "threshold": module.threshold}
    )
    limit = int(module.max_spikes_per_dt)
    most, start = min(limit, MOST), {"vmem": 0.0, "isyn": 0.0}
    note = f"counts up to {most} spikes a step, of {limit}" if most < limit else ""
    if not module._has_rec:
        ours: Any = defined("LIFTorch", _lif, start, numbers, most=most)
    else:
        body = defined("LIFTorch", _lif_fed, start, numbers, most=most)
        ours = layer.Recurrent(body, linear(module.w_rec.detach().T, None), separate=True)
    return Taken(ours, (OUTPUT,), 1, note, axes=axes)


def _decays(module: Any) -> tuple[Any, Any]:
    """Return the shares that voltage and current keep, as Rockpool computes them."""
    if module.leak_mode == "taus":
        taus = module.tau_mem.detach(), module.tau_syn.detach()
        mem, syn = (torch.exp(-module.dt / tau) for tau in taus)
        return mem, syn
    if module.leak_mode == "decays":
        return module.alpha.detach(), module.beta.detach()
    shifts = module.dash_mem.detach(), module.dash_syn.detach()
    mem, syn = (1 - 1 / 2**shift for shift in shifts)
    return mem, syn


_OTHER = ("runs outside torch", "use LIFTorch")
ROCKPOOL = Framework(
    neurons={"LIFTorch": _take},
    refused={
        "LIFSlayer": ("runs its own kernels", "use LIFTorch"),
        "ExpSynTorch": ("is a synapse without a neuron", "use LIFTorch"),
        "aLIFTorch": ("adapts its threshold", "use LIFTorch"),
        **dict.fromkeys(("LIF", "LIFJax", "LIFNumba"), _OTHER),
    },
    layers={},
)
