"""Slayer's blocks: they compute in the integers of their chip, as layers of `quant` do.

A state is a multiple of 1/4096, a weight of 1/32, so that sums of spikes are exact in floats, in
any order. Every call takes time last, (N, ..., T).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

import quant
from neurodeploy.frontend.foreign.building import refusal
from neurodeploy.frontend.foreign.form import OUTPUT, Framework, Taken
from neurodeploy.frontend.foreign.neurons.slayer_formats import form_of, kind_of
from quant.grid.formats import ChipFormat
from snncore import layer
from snncore.dynamics.zoo.adapting import ADAPTING_LIF

TIME = -1
# Integers of a decay for all of a state, and of a weight for 1.
_WHOLE, _ONE = 1 << 12, 1 << 6
_RESONATORS = ("rf", "rf_iz", "adrf")
_FILED = (*_RESONATORS, "sigma_delta")
_ADAPTING = ("threshold_decay", "refractory_decay")
_NEVER_RUNS = (
    "never runs: its forward calls its own spike without the refractory state",
    "use slayer.block.adrf, or slayer.block.rf_iz",
)
_TURNS = {"sine": "sin_decay", "cosine": "cos_decay"}
_FILE = "export the network with export_hdf5, and give neurodeploy the .net file"
_SHIFT = "its spikes come a step later, as in the module (delay_shift); delay_shift=False drops it"


def _dense(block: Any) -> Taken:
    if _is_synapse(block):
        return _taken(_linear(block, block, form_of()))
    if kind_of(block.neuron) in _RESONATORS and block.synapse.complex:
        parts = block.synapse.real, block.synapse.imag
        real, imag = (_linear(block, each, form_of(block.neuron)) for each in parts)
        resonators = quant.ComplexBlock(real, imag, _resonator(block, block.neuron))
        return _taken(resonators, *_delays(block), note=_note(block))
    return _block(block, _linear)


def _conv(block: Any) -> Taken:
    if _is_synapse(block):
        return _taken(_convolution(block, block, form_of()))
    return _block(block, _convolution)


def _pool(block: Any) -> Taken:
    if _is_synapse(block):
        return _taken(_sums(block, block, form_of()))
    return _block(block, _sums)


def _affine(block: Any) -> Taken:
    weights = _linear(block, block.synapse, form_of(block.neuron))
    if not block.dynamics:
        return _taken(weights)
    return _taken(quant.Block(weights, _integrator(block, block.neuron)))


def _recurrent(block: Any) -> Taken:
    if block.bias is not None:
        raise refusal(block, "adds a bias to its sums", "leave bias out")
    neurons, form = _spiking(block, block.neuron), form_of(block.neuron)
    loop = layer.Recurrent(neurons, _linear(block, block.recurrent_synapse, form))
    weights = _linear(block, block.input_synapse, form)
    return _taken(weights, loop, *_delays(block), note=_note(block))


def _input(block: Any) -> Taken:
    if block.neuron is not None:
        raise refusal(block, "rounds measurements for neurons of its own", _FILE)
    return _taken(*_delays(block), note=_note(block))


def _flatten(block: Any) -> Taken:
    return _taken(layer.Flatten())


def _neuron(neuron: Any) -> Taken:
    return _taken(_spiking(neuron, neuron))


def _block(block: Any, weights_of: Callable[[Any, Any, ChipFormat], Any]) -> Taken:
    neurons = _spiking(block, block.neuron)
    weights = weights_of(block, block.synapse, form_of(block.neuron))
    return _taken(quant.Block(weights, neurons), *_delays(block), note=_note(block))


def _taken(*parts: nn.Module, note: str = "") -> Taken:
    ours = parts[0] if len(parts) == 1 else nn.Sequential(*parts) if parts else nn.Identity()
    return Taken(ours, (OUTPUT,), TIME, note)


def _is_synapse(module: nn.Module) -> bool:
    return not hasattr(module, "synapse")


def _spiking(module: nn.Module, neuron: Any) -> quant.ChipNeuron:
    """Return the neurons; slayer adds a hundredth of a unit to the threshold of those of `cuba`,
    as ours are strict.

    Raises:
        UnsupportedLayerError: if they are others; says which.
    """
    _require_kind(module, neuron, "cuba", "alif")
    values = _decays(module, neuron) | {"threshold": _threshold(module, neuron)}
    _require_plain(module, neuron)
    bias = _bias(module, neuron)
    options: Any = {"bias": None if bias is None else bias.numel(), "format": form_of(neuron)}
    ours: quant.ChipNeuron
    if kind_of(neuron) == "alif":
        ours = quant.Defined(ADAPTING_LIF, **values, **_adapting(module, neuron), **options)
    else:
        ours = quant.CubaLIF(**values, **options)
    _add_bias(ours, bias)
    return ours


def _threshold(module: nn.Module, neuron: Any) -> float:
    threshold = neuron.threshold
    if threshold is None or not 0 <= threshold * _ONE < 1 << 17:
        raise refusal(module, f"has a threshold of {threshold}", "use one from 0 to 2047")
    return float(threshold)


def _adapting(module: nn.Module, neuron: Any) -> dict[str, Any]:
    """Return by how much a spike raises the threshold, and how both states of it decay."""
    shares: dict[str, Any] = {name: _shares(neuron, name) for name in _ADAPTING}
    if any(bool((torch.as_tensor(each) < 0).any()) for each in shares.values()) or any(
        bool((torch.as_tensor(each) > 1).any()) for each in shares.values()
    ):
        raise refusal(module, "has a decay that is not between 0 and 1", "use one that is")
    return shares | {"threshold_step": float(neuron.threshold_step)}


def _resonator(module: nn.Module, neuron: Any) -> quant.Resonator | quant.AdaptiveResonator:
    if neuron.real_norm is not None or neuron.imag_norm is not None:
        raise refusal(module, "has a norm before its resonators", "use none")
    _require_plain(module, neuron)
    values: Any = {name: _shares(neuron, key) for name, key in _TURNS.items()}
    values |= {"threshold": float(neuron.threshold), "format": form_of(neuron)}
    if kind_of(neuron) == "adrf":
        return quant.AdaptiveResonator(**values, **_adapting(module, neuron))
    return quant.Resonator(**values, resets=kind_of(neuron) == "rf_iz")


def _integrator(module: nn.Module, neuron: Any) -> quant.LeakyIntegrator:
    _require_kind(module, neuron, "cuba")
    decays, bias = _decays(module, neuron), _bias(module, neuron)
    count = None if bias is None else bias.numel()
    ours = quant.LeakyIntegrator(**decays, bias=count, format=form_of(neuron))
    _add_bias(ours, bias)
    return ours


def _require_kind(module: nn.Module, neuron: Any, *kinds: str) -> None:
    """Check that neurons are of a kind that is taken here."""
    kind = kind_of(neuron)
    if kind == "adrf_iz":
        raise refusal(module, *_NEVER_RUNS)
    if kind not in kinds:
        remedy = _FILE if kind in _FILED else "use those of slayer.block.cuba"
        raise refusal(module, f"has neurons of the kind {kind}, which ours are not", remedy)


def _add_bias(ours: quant.ChipNeuron, bias: Tensor | None) -> None:
    if ours.bias is not None and bias is not None:
        with torch.no_grad():
            ours.bias.copy_(bias)


def _decays(module: nn.Module, neuron: Any) -> dict[str, Any]:
    """Return the shares that a step takes of current and voltage, for all or for each channel."""
    _require_drawn(module, neuron)
    return {name: _shares(neuron, name) for name in ("current_decay", "voltage_decay")}


def _shares(neuron: Any, name: str) -> float | Tensor:
    """Return a parameter as slayer rounds it, in parts of the whole."""
    shares = torch.round(getattr(neuron, name).detach().cpu().double()) / _WHOLE
    return float(shares) if shares.numel() == 1 else shares


def _require_plain(module: nn.Module, neuron: Any) -> None:
    """Check that neurons send spikes, with parameters that are there."""
    if neuron.graded_spike:
        raise refusal(module, "sends graded spikes", "use graded_spike=False")
    _require_drawn(module, neuron)


def _require_drawn(module: nn.Module, neuron: Any) -> None:
    if neuron.w_scale != _ONE:
        raise refusal(module, f"counts weights in 1/{neuron.w_scale}", "use scale=1 << 6")
    if neuron.shape is None and not neuron.shared_param:
        raise refusal(module, "draws its decays in its first run", "run it once before")


def _bias(module: nn.Module, neuron: Any) -> Tensor | None:
    """Return what a norm behind the current adds to it in every step."""
    norm = neuron.norm
    if norm is None:
        return None
    if type(norm).__name__ != "MeanOnlyBatchNorm":
        words = f"divides its currents by those of a batch ({type(norm).__name__})"
        raise refusal(module, words, "use MeanOnlyBatchNorm, or none")
    bias: Tensor = -norm.pre_hook_fx(norm.running_mean.detach().cpu())
    _require_units(module, bias, "the mean of its norm")
    if norm.num_features is None:
        raise refusal(module, "has a norm that never ran", "run it once before")
    return bias


def _linear(module: nn.Module, synapse: Any, form: ChipFormat) -> quant.Linear:
    weight = _weights(module, synapse)
    if set(weight.shape[2:]) != {1}:
        raise refusal(
            module, "has weights for images", "flatten before it, and give a number of inputs"
        )
    ours = quant.Linear(weight.shape[1], weight.shape[0], format=form)
    _fill(ours, weight[:, :, 0, 0, 0])
    return ours


def _convolution(module: nn.Module, synapse: Any, form: ChipFormat) -> quant.Conv2d:
    weight = _weights(module, synapse)[..., 0]
    sizes = (each[:2] for each in (synapse.stride, synapse.padding, synapse.dilation))
    channels = synapse.in_channels, synapse.out_channels
    geometry: Any = (tuple(weight.shape[2:]), *sizes, synapse.groups)
    ours = quant.Conv2d(*channels, *geometry, format=form)
    _fill(ours, weight)
    return ours


def _sums(block: Any, synapse: Any, form: ChipFormat) -> quant.SumPool2d:
    weight = _weights(block, synapse)
    window, stride = (weight.shape[2], weight.shape[3]), tuple(synapse.stride[:2])
    plain = window == stride and not any(synapse.padding) and set(synapse.dilation) == {1}
    if not plain or int((weight != weight.flatten()[0]).sum()):
        raise refusal(block, "has windows that overlap or are padded", "use stride=kernel_size")
    value = float(weight.flatten()[0])
    return quant.SumPool2d(window, weight=value, format=form)


def _fill(ours: quant.Linear | quant.Conv2d, weight: Tensor) -> None:
    with torch.no_grad():
        ours.weight.copy_(weight)


def _weights(module: nn.Module, synapse: Any) -> Tensor:
    """Return the weights as the next run has them: normed, masked, and rounded by slayer's hook.

    Raises:
        UnsupportedLayerError: if they are complex, or are not rounded.
    """
    if getattr(synapse, "complex", False):
        raise refusal(module, "has complex weights", _FILE)
    weight: Any = synapse.weight
    for hook in synapse._forward_pre_hooks.values():
        if type(hook).__name__ == "WeightNorm":
            weight = hook.compute_weight(synapse)
    mask = getattr(module, "mask", None)
    weight = weight.detach() if mask is None else weight.detach() * mask
    rounded: Tensor = weight if synapse.pre_hook_fx is None else synapse.pre_hook_fx(weight)
    _require_units(module, rounded, "a weight")
    return rounded.cpu()


def _require_units(module: nn.Module, values: Tensor, name: str) -> None:
    """Check that numbers are even multiples of the unit, as eight bits with a sign have them."""
    units = values.double() * _ONE
    if bool((units % 2 != 0).any()) or float(units.min()) < -256 or float(units.max()) > 254:
        raise refusal(
            module,
            f"{name} is not a multiple of 1/32 from -4 to 3.97, which slayer rounds to by default",
            "leave pre_hook_fx out, or use neuron.quantize_8bit",
        )


def _delays(block: Any) -> list[nn.Module]:
    delays: list[nn.Module] = [layer.Delay(1)] if block.delay_shift else []
    axon = block.delay
    if axon is None:
        return delays
    if not axon.init:
        raise refusal(block, "draws its delays in its first run", "run it once before")
    most = axon.max_delay
    steps = axon.delay.detach().cpu().clamp(0, most) / axon.sampling_time
    return [*delays, layer.Delay([int(each) for each in steps])]


def _note(block: Any) -> str:
    return _SHIFT if block.delay_shift else ""


_NEURONS: dict[str, Callable[[Any], Taken]] = {
    "Affine": _affine,
    "Conv": _conv,
    "Dense": _dense,
    "Flatten": _flatten,
    "Input": _input,
    "Neuron": _neuron,
    "Pool": _pool,
    "Recurrent": _recurrent,
}
_INTEGERS = ("computes in the integers of a chip, which no layer of ours does alike", _FILE)
_SUMS = ("sums and shares over neurons, which no layer of ours does alike", "leave it out")
SLAYER = Framework(
    neurons=_NEURONS,
    refused={
        **dict.fromkeys(("Unpool", "ConvT", "ConvTranspose", "Output"), _INTEGERS),
        **dict.fromkeys(("KWTA", "TimeDecimation", "Average"), _SUMS),
    },
    layers={},
)
