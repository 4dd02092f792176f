"""The conversion of a float network to a chip's grid, layer by layer."""

from __future__ import annotations

import copy
from contextlib import suppress

import torch
from torch import Tensor, fx, nn

from quant.convert.affine import fold_affine
from quant.convert.checks import require_taken
from quant.convert.encoding.encoders import with_encoder
from quant.convert.functions import step_mode_of, with_layers
from quant.convert.layers import Conversion
from quant.convert.plain import with_our_layers
from quant.convert.rewriting import KNOWN, Rewriting
from quant.grid.formats import ChipFormat
from quant.grid.registry import chip_format
from quant.neuron.chip_neuron import ChipNeuron
from snncore import functional, layer, monitor


def prepare(
    network: nn.Module,
    *,
    target: str | ChipFormat,
    format: str | ChipFormat | None = None,  # noqa: A002
    example: Tensor | None = None,
    scale: str = "fixed",
    per_channel: bool = False,
) -> nn.Module:
    """Return the network on a chip's grid: to be trained, calibrated, or exported as it is.

    >>> on_grid = quant.prepare(net, target="int8", example=x)

    Layers of torch's own count as ours, also those that `layer.Sequence` gives single steps.
    Each layer of neurons becomes a block with the weights and the batch norm before it, under the
    name of the neurons; `deviations` says how a chip's neurons differ from the float ones. The
    example is needed if a pool's windows follow from the size of an image, or if the network begins
    with `encoding.Direct` that has no step: it takes the one that the example's values need. A
    network without an encoder gets one if the example is not spikes of 0 or 1; an
    `EncoderWarning` says which. The weights behind an encoder take its factor.

    If the target is named and installed, its own check runs on the result, so that `prepare`
    refuses before training what an export would refuse whatever the weights. The check needs the
    shape of the input: without an example it runs only if the first layer is dense. A format is not
    a target and has no check. A `monitor.SilenceWarning` names each layer that an example that is
    not all zeros leaves silent.

    Raises:
        ValueError: if the chip cannot have a layer, or the target cannot accept the network;
            names it, with a remedy.
    """
    form = chip_format(target if format is None else format)
    twin = with_our_layers(copy.deepcopy(network))
    functional.reset(twin)
    module = _traced(twin)
    with_layers(module, step_mode_of(twin))
    fold_affine(module)
    if example is not None:
        _run(module, example)
    with_encoder(module, example)
    Rewriting(module, Conversion(form, scale, per_channel)).run()
    module.train(network.training)
    if isinstance(target, str):
        require_taken(module, example, target)
    if example is not None and bool(example.any()):
        # Sums that do not fit yet, which training can change, are refused by their own error.
        with suppress(ValueError):
            monitor.warn_of_silence(module, example.to(_float_type(example)))
    return module


def deviations(network: nn.Module) -> dict[str, tuple[str, ...]]:
    """Return, by layer of neurons, how a prepared network differs from the float network.

    Examples:
        >>> quant.deviations(quant.prepare(net, target="int8", example=x))
        {}
    """
    return {
        name: module.deviations
        for name, module in network.named_modules()
        if isinstance(module, ChipNeuron) and module.deviations
    }


def _run(network: nn.Module, example: Tensor) -> None:
    """Let every layer see the shape of its input."""
    try:
        with torch.no_grad():
            network.eval()(example.to(_float_type(example)))
    except (RuntimeError, IndexError) as error:
        shape = tuple(example.shape)
        raise ValueError(
            f"example: the network does not take {shape}: {error} (give an example (T, N, ...))"
        ) from error
    functional.reset(network)


def _float_type(example: Tensor) -> torch.dtype:
    return example.dtype if example.is_floating_point() else torch.get_default_dtype()


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        # A module that the chip cannot have is named, not traced into.
        is_leaf = isinstance(m, (*KNOWN, layer.Layer))
        return is_leaf or super().is_leaf_module(m, module_qualified_name)


def _traced(network: nn.Module) -> fx.GraphModule:
    holder = nn.Sequential(network) if isinstance(network, KNOWN) else network
    try:
        return fx.GraphModule(holder, _Tracer().trace(holder))
    # While it is traced, a forward may raise anything.
    except Exception as error:
        raise ValueError(
            f"{type(network).__name__}: its forward cannot be traced: {error} (a forward may call "
            "layers, add their results and flatten them)"
        ) from error
