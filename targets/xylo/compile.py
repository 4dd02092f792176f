"""Programs to the numbers from which Rockpool configures the chip, as one JSON file.

The file's members are the arguments of Rockpool's `config_from_specification` for the chip, and no
others. All hidden neurons are one population: a layer that reads another is a block of its
recurrent weights. The contract says where each layer of the network stands.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from neurodeploy.artifact import Artifact, program_hashes, tools_here
from neurodeploy.program import Dense, Integers, Program
from neurodeploy.target import chip_part, decoder_contract, encoding_contract, require_fits
from targets.xylo.chain import Layer, blocks
from targets.xylo.check import accepted, check, classes_of, weight_shift
from targets.xylo.format import shift_of

FILE = "specification.json"


def compile_program(program: Program) -> Artifact:
    """Return the artifact of a program.

    Raises:
        DoesNotFitError: if `check` finds an error.
    """
    body = chip_part(program)
    require_fits("xylo", check(body))
    layers = accepted(body)
    # One member a line.
    members = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in _specification(layers).items()]
    content = "{\n" + ",\n".join(members) + "\n}\n"
    return Artifact(
        "xylo",
        {FILE: content.encode()},
        contract(body, layers) | decoder_contract(program),
        program_hashes(program),
        tools=tools_here(),
    )


def contract(program: Program, layers: list[Layer]) -> dict[str, Any]:
    """Return what the file leaves open: names, units, and how the host runs the chip."""
    first = program.input
    return {
        "input": {"name": first.name, "signal": first.signal.value}
        | encoding_contract(first.encoding),
        "layers": [_entry(layer, lag) for lag, layer in enumerate(layers)],
        "output": program.output,
        "reset": "every state is 0 before the first step of a sample",
    }


def _entry(layer: Layer, lag: int) -> dict[str, Any]:
    """Return a layer's names and units, and by how many steps the chip is behind the program."""
    synapses = [
        {"name": each.name, "exponent": each.exponent, "loop": each is layer.back}
        for each in layer.synapses
    ]
    node = layer.neuron
    return {
        "name": node.name,
        "neurons": layer.size,
        "exponent": node.exponent,
        "synapses": synapses,
        "lag": lag,
    }


def _specification(layers: list[Layer]) -> dict[str, Any]:
    """Return the arguments of Rockpool's `config_from_specification`."""
    hidden, last = layers[:-1], layers[-1]
    size = sum(layer.size for layer in hidden)
    recurrent, outputs = np.zeros((size, size), np.int64), np.zeros((size, last.size), np.int64)
    before: slice | None = None
    for first, layer in blocks(layers):
        own = slice(first, first + layer.size)
        if before is not None:
            recurrent[before, own] = layer.forward.weight.T
        if layer.back is not None:
            recurrent[own, own] = layer.back.weight.T
        before = own
    outputs[before] = last.forward.weight.T
    shifts = {name: _shift(group) for name, group in classes_of(layers).items()}
    return {
        # The last axis is the synapse of a hidden neuron, of which one is used.
        "weights_in": (layers[0].forward.weight.T[..., None] >> shifts["in"]).tolist(),
        "weights_rec": (recurrent[..., None] >> shifts["rec"]).tolist(),
        "weights_out": (outputs >> shifts["out"]).tolist(),
        "weight_shift_in": shifts["in"],
        "weight_shift_rec": shifts["rec"],
        "weight_shift_out": shifts["out"],
        "dash_syn": _shifts(hidden, "current_decay"),
        "dash_mem": _shifts(hidden, "voltage_decay"),
        "threshold": _values(hidden, "threshold").tolist(),
        "dash_syn_out": _shifts([last], "current_decay"),
        "dash_mem_out": _shifts([last], "voltage_decay"),
        "threshold_out": _values([last], "threshold").tolist(),
    }


def _shift(group: list[Dense]) -> int:
    shift = weight_shift([node.weight for node in group])
    assert shift is not None
    return shift


def _shifts(layers: list[Layer], name: str) -> list[int]:
    shifts = [shift_of(int(value)) for value in _values(layers, name)]
    return [shift for shift in shifts if shift is not None]


def _values(layers: list[Layer], name: str) -> Integers:
    return np.concatenate([layer.spread(name) for layer in layers])
