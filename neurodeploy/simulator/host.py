"""The host's part of a program: the encoder of its samples, and the decoder over time at its end.

The manifest's contract states them, the encoder under `input` and the decoder under `decoder`. Our
runtime gives the chip the encoder's integers, and decodes what its last layer sends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.network.encoding import Encoding
from neurodeploy.data.structure import Edge
from neurodeploy.errors import ArtifactError, ValidationError
from neurodeploy.program import Decoder, Neuron, Program, Signal
from neurodeploy.program.remembered import remembered
from neurodeploy.simulator.golden import neuron_step
from neurodeploy.trace import LayerTrace, Trace
from snncore.dynamics.zoo.readout import DECODERS, DECODING, LATE_TOTAL

_EQUATIONS = {each.name: each for each in (*DECODERS.values(), LATE_TOTAL)}


@remembered
def chip_part(program: Program) -> Program:
    """Return the program without the decoder at its end."""
    decoder = program.by_name[program.output]
    if not isinstance(decoder, Decoder):
        return program
    nodes = tuple(node for node in program.nodes if node is not decoder)
    return Program(nodes, decoder.inputs[0].source)


def on_chip_part(program: Program, change: Callable[[Program], Program]) -> Program:
    """Return a program whose part on the chip is changed; its decoder reads the new output."""
    decoder, before = program.by_name[program.output], chip_part(program)
    after = change(before)
    if after is before or not isinstance(decoder, Decoder):
        return program if after is before else after
    read = replace(decoder, inputs=(Edge(after.output),))
    return Program((*after.nodes, read), decoder.name)


def decoder_contract(program: Program) -> dict[str, Any]:
    """Return the contract's entry about the decoder at a program's end, if there is one."""
    decoder = program.by_name[program.output]
    if not isinstance(decoder, Decoder):
        return {}
    entry = {"name": decoder.name, "equations": decoder.equations.name}
    return {"decoder": entry | {"per_step": decoder.per_step, "skip": decoder.readout.skip}}


def encoding_contract(encoding: Encoding | None) -> dict[str, Any]:
    """Return what the contract's entry about the input says of its encoder, if there is one."""
    return {} if encoding is None else {"encoding": asdict(encoding)}


def with_encoding(program: Program, contract: Mapping[str, Any] | None) -> Program:
    """Return a chip's program with the encoder that the contract gives the host.

    Raises:
        ArtifactError: if the contract describes none.
    """
    entry = (contract or {}).get("input")
    described = entry.get("encoding") if isinstance(entry, Mapping) else None
    if described is None:
        return program
    try:
        encoding = Encoding(**described)
    except (ValidationError, TypeError) as error:
        raise ArtifactError(f"manifest.json: input.encoding: {error}") from error
    nodes = tuple(
        replace(node, signal=Signal.CURRENT, encoding=encoding) if node is program.input else node
        for node in program.nodes
    )
    return Program(nodes, program.output)


def with_decoder(program: Program, contract: Mapping[str, Any] | None) -> Program:
    """Return a chip's program, and behind it the decoder that the contract gives the host.

    Raises:
        ArtifactError: if the contract describes none that we know.
    """
    entry = (contract or {}).get("decoder")
    if entry is None:
        return program
    try:
        equations, skip = _EQUATIONS[entry["equations"]], entry["skip"]
        name, per_step = entry["name"], entry["per_step"]
        kinds = (type(name), type(per_step), type(skip))
        fits = kinds == (str, bool, int) and (skip > 0) == bool(equations.parameters) and skip >= 0
        if not fits:
            raise ValueError(f"{entry!r:.120} is not one")
    except (LookupError, TypeError, ValueError) as error:
        raise ArtifactError(f"manifest.json: decoder: {error}") from error
    last = program.by_name[program.output]
    exponent = last.readout.exponent if isinstance(last, Neuron) else 0
    parameters = {"skip": skip} if skip else {}
    form = (equations, DECODING, parameters, exponent)
    decoder = Decoder(name, (Edge(program.output),), *form, per_step=per_step)
    return Program((*program.nodes, decoder), name)


def finished(trace: Trace, program: Program) -> Trace:
    """Return a chip's trace with what the host's decoder shows, and the network's output."""
    decoder = program.by_name[program.output]
    layers = list(trace.layers.values())
    left = isinstance(decoder, Decoder) and len(layers) == len(program.layers) - 1
    if left and layers and "s" in layers[-1].values:
        assert isinstance(decoder, Decoder)
        whole = dict(trace.layers) | {decoder.name: _decoded(decoder, layers[-1].s)}
        trace = replace(trace, layers=whole, output_layer=decoder.name)
    return replace(trace, readout=program.readout)


def _decoded(decoder: Decoder, sent: NDArray[Any]) -> LayerTrace:
    """Return the decoder's own equations, step by step: what the golden interpreter computes."""
    name, zeros = decoder.equations.inputs[0], np.zeros(sent.shape[1:], dtype=np.int64)
    states, shown = dict.fromkeys(decoder.equations.states, zeros), []
    for row in sent.astype(np.int64):
        states, value = neuron_step(decoder, states, {name: row})
        shown.append({"s": value, **states})
    return LayerTrace({key: np.stack([each[key] for each in shown]) for key in shown[0]}, False)
