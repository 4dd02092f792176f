"""Programs to the HDF5 file that Lava's netx loads, written without any of Intel's packages."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from neurodeploy.artifact import Artifact, program_hashes, tools_here
from neurodeploy.data.narrow import row_pieces
from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.program import Conv2d, Dense, Integers, Neuron, Program, Synapse
from neurodeploy.target import Finding, chip_part, decoder_contract, encoding_contract, require_fits
from targets.loihi.check import check
from targets.loihi.file.chain import Chain, ChainLayer, chain_of
from targets.loihi.file.hdf5 import h5py_module
from targets.loihi.host import host_part
from targets.loihi.neurons.cuba import driven_by
from targets.loihi.neurons.sigma_delta import has_messages, spike_exp
from targets.loihi.neurons.table import kind_of

FILE = "network.net"


def compile_program(program: Program) -> Artifact:
    """Return the artifact of a program: one file, and a contract for what the file leaves open.

    Raises:
        DoesNotFitError: if `check` finds an error.
    """
    body = chip_part(program)
    require_fits("loihi", check(body))
    chain = chain_of(body)
    assert not isinstance(chain, Finding)
    return Artifact(
        "loihi",
        {FILE: _file(body, chain)},
        contract(body, chain) | decoder_contract(program),
        program_hashes(program),
        tools=tools_here() | {"h5py": h5py_module().version.version},
    )


def contract(program: Program, chain: Chain) -> dict[str, Any]:
    """Return what the loader must be told, and what to expect of it."""
    block = chain.layers[0].synapse is None
    lag = 0
    layers = []
    for layer in chain.layers:
        lag += layer.synapse is not None
        name, kind = layer.neuron.name, layer.neuron.equations.name
        shape = list(program.shapes[name])
        entry = {"name": name, "neuron": kind, "shape": shape, "lag": lag}
        layers.append(entry | _parts(layer.neuron))
    first = program.input
    return {
        "names": [node.name for node in program.nodes],
        "exponents": [getattr(node, "exponent", None) for node in program.nodes],
        "input": {"shape": list(first.shape), "signal": first.signal.value, "message_bits": 0}
        | host_part(chain)
        | encoding_contract(first.encoding),
        "layers": layers,
        "output": program.output,
        # Every layer resets its states in the step of its own first input, so that biases start
        # there; Network(reset_interval=steps of a sample, reset_offset=this) does it.
        "reset_offset": 0 if block else 1,
        "run_config": "Loihi2SimCfg(select_tag='fixed_pt')",
    } | ({"spike_exp": spike_exp(chain)} if has_messages(chain) else {})


def _parts(node: Neuron) -> dict[str, Any]:
    """Return where the layers of the network stand that these neurons hold."""
    if node.parts is None:
        return {}
    # As JSON has it: lists, not tuples.
    sizes = ("shape", "phases")
    parts = [asdict(part) | {key: list(getattr(part, key)) for key in sizes} for part in node.parts]
    return {"parts": parts}


def _file(program: Program, chain: Chain) -> bytes:
    h5py = h5py_module()
    # A file in memory, which is returned without a copy.
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        layers = file.create_group("layer")
        count = 0

        def add(shape: tuple[int, ...], kind: str) -> Any:
            nonlocal count
            group = layers.create_group(str(count))
            count += 1
            group["type"] = np.bytes_(kind)
            group["shape"] = np.array(shape, dtype=np.int64)
            return group

        bits = spike_exp(chain)
        entry = add(program.input.shape, "input")
        for layer in chain.layers:
            shape = program.shapes[layer.neuron.name]
            if layer.flatten is not None:
                add(program.shapes[layer.flatten.name], "flatten")
            if layer.synapse is not None:
                entry = _ENTRY(layer.synapse, layer, partial(add, shape))
            kind = kind_of(layer.neuron)
            assert kind is not None
            kind.write(entry, layer, bits)
            _write_bias(entry, layer.neuron, bits if kind.counts_messages else 0)
    return image.getvalue()


# Write a layer's weights into the group that a function adds under a word, and return the group.
_ENTRY = KindTable[[ChainLayer, Callable[[str], Any]], Any]("a .net file")


@_ENTRY.register(Dense)
def _dense(node: Dense, layer: ChainLayer, add: Callable[[str], Any]) -> Any:
    entry = add("dense" if layer.recurrent is None else "dense_rec")
    if layer.imaginary is not None:
        _weights(entry, "weight/real", node)
        _weights(entry, "weight/imag", layer.imaginary)
        return entry
    _weights(entry, "weight", node)
    if node.delays is not None:
        entry["delay"] = node.delays.astype(np.int32)
    if layer.recurrent is not None:
        _weights(entry, "weight_rec", layer.recurrent)
    return entry


def _weights(entry: Any, key: str, node: Synapse) -> None:
    weight = node.narrow_weight
    dataset = entry.create_dataset(key, weight.shape, dtype=np.int32)
    for rows in row_pieces(weight):
        dataset[rows] = weight[rows].astype(np.int32)


@_ENTRY.register(Conv2d)
def _conv(node: Conv2d, layer: ChainLayer, add: Callable[[str], Any]) -> Any:
    entry = add("conv")
    _weights(entry, "weight", node)
    for key in ("stride", "padding", "dilation"):
        entry[key] = np.array(getattr(node, key), dtype=np.int64)
    entry["groups"] = np.int64(node.groups)
    return entry


def _write_bias(entry: Any, node: Neuron, bits: int) -> None:
    bias = node.parameters.get("bias")
    if entry["type"][()] == b"input":
        # Notes for the host: the loader applies neither.
        scale = driven_by(node)
        if bias is not None and (bias.any() or scale is not None):
            entry["bias"] = np.int64(bias.reshape(-1)[0])
        if scale is not None:
            entry["weight"] = np.int64(scale)
    elif bias is not None and bias.any():
        entry["bias"] = _bias(bias >> bits, tuple(entry["shape"][()]))


def _bias(values: Integers, shape: tuple[int, ...]) -> Any:
    """Return one value per channel, or one per neuron in the loader's order (W, H, C)."""
    if values.size == 1:
        return np.full(shape[0], values.reshape(-1)[0], dtype=np.int32)
    if values.size == shape[0]:
        return values.reshape(-1).astype(np.int32)
    full = np.broadcast_to(values, shape)
    return np.ascontiguousarray(full.T if len(shape) == 3 else full).astype(np.int32)
