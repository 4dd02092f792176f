"""The encoder of a network's samples: the network's own, or one that its example asks for."""

from __future__ import annotations

import warnings

from torch import Tensor, fx, nn

from quant.convert.functions import free_name
from quant.layer.encoder import InputEncoder
from snncore.encoding import Direct
from snncore.encoding.steps import StepRange

_NAME = "encoder"


class EncoderWarning(UserWarning):
    """A network that has no encoder, and samples that are not spikes: it gets one."""


def with_encoder(module: fx.GraphModule, example: Tensor | None) -> None:
    """Put the encoder's integers where samples enter a traced network; spikes need none.

    Raises:
        ValueError: if an encoder has no step, or encodes something other than samples.
    """
    (samples,) = [node for node in module.graph.nodes if node.op == "placeholder"][:1]
    encoders = [node for node in module.graph.nodes if isinstance(_of(module, node), _KINDS)]
    for node in encoders:
        encoder, name = _of(module, node), str(node.target)
        if node.all_input_nodes != [samples] or len(samples.users) > 1:
            raise ValueError(
                f"{name}: encodes samples, and stands behind or beside other layers (put it first, "
                "so that all others read what it returns)"
            )
        if isinstance(encoder, Direct):
            _put(module, name, _form(encoder, example, name))
    if not encoders and example is not None and not _are_spikes(example):
        _insert(module, samples, example)


def _form(encoder: Direct, example: Tensor | None, name: str) -> StepRange:
    try:
        return encoder.form(example)
    except ValueError as error:
        remedy = f"{error}" if "(" in str(error) else f"{error} (give an example of real samples)"
        raise ValueError(f"{name}: {remedy}") from error


def _insert(module: fx.GraphModule, samples: fx.Node, example: Tensor) -> None:
    name = free_name(_NAME, {path for path, _ in module.named_modules()})
    form = _form(Direct(), example, name)
    module.add_submodule(name, InputEncoder(form.exponent, form.low, form.high))
    with module.graph.inserting_after(samples):
        call = module.graph.call_module(name, ())
    samples.replace_all_uses_with(call)
    call.args = (samples,)
    module.recompile()
    warnings.warn(
        f"{name}: the example is not spikes of 0 or 1, so samples are rounded to multiples of "
        f"2^{form.exponent} from {form.low} to {form.high} (put encoding.Direct(bits) first in the "
        "network to choose)",
        EncoderWarning,
        stacklevel=4,
    )


def _put(module: fx.GraphModule, path: str, form: StepRange) -> None:
    parent, _, name = path.rpartition(".")
    encoder = InputEncoder(form.exponent, form.low, form.high)
    setattr(module.get_submodule(parent), name, encoder)


def _are_spikes(example: Tensor) -> bool:
    return bool(((example == 0) | (example == 1)).all())


def _of(module: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    return module.get_submodule(str(node.target)) if node.op == "call_module" else None


_KINDS = (Direct, InputEncoder)
