"""The steps of a folder's layers, by the text of their modules in nd_top.v."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from neurodeploy.program import Neuron
from neurodeploy.target.steps import ArtifactSteps, ComputedStep, LayerStep, Leaves, SumBound
from snncore.dynamics import Equations
from snncore.dynamics.bits.circuit import Circuit, Wire
from snncore.dynamics.printing.verilog import leaf_name
from targets.rtl.check import network_of
from targets.rtl.compile import TOP
from targets.rtl.description import rebuilt
from targets.rtl.proving.expression import Port, Reader
from targets.rtl.proving.late import late_reads
from targets.rtl.text.network import Network
from targets.rtl.text.words import rom_values

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
_MODULE = re.compile(r"^module (\w+)\(\n(.*?)\n\);\n(.*?)^endmodule", re.M | re.S)
_PORT = re.compile(r"(input|output) signed \[(\d+):0\] (\w+)")
_WIRE = re.compile(r"wire signed \[(\d+):0\] (\w+) = (.+);")
_ASSIGN = re.compile(r"assign (\w+) = (\w+|-?\d+'sd\d+);")
_ROM = re.compile(r'nd_rom #\((\d+), (\d+), \d+, "(p\w+\.hex)"\) (\w+)_rom\(')
_RAM = re.compile(r"nd_ram #\((\d+), \d+, \d+\) (\w+)\(")


def steps_in(artifact: Artifact) -> ArtifactSteps:
    """Return the steps that the modules in nd_top.v compute.

    Raises:
        ArtifactError: if the text is not ours, is damaged, or has what proofs do not read.
    """
    texts = {
        name: bytes(artifact.files[name]).decode("ascii", "replace") for name in artifact.files
    }
    roms = {name: text for name, text in texts.items() if name != TOP}
    program, _ = rebuilt(texts.get(TOP, ""), roms)
    # The names of layers stand in comments, and may look like anything.
    code = _COMMENT.sub("", texts[TOP])
    reader = _Text(code, roms, network_of(program))
    layers = {node.name: reader.step(node) for node in program.layers}
    late = tuple(late_reads(code, reader.network))
    return ArtifactSteps(program, layers, reader.sums(), late=late)


@dataclass(frozen=True)
class _Module:
    """The text of a module: the widths of its ports, and its lines."""

    ports: Mapping[str, int]
    lines: Sequence[str]


class _Text:
    """The modules of a text, and its ROMs."""

    def __init__(self, text: str, roms: Mapping[str, str], network: Network) -> None:
        self.roms, self.network = roms, network
        self.modules = {
            name: _Module(
                {port: int(high) + 1 for _, high, port in _PORT.findall(ports)},
                [line.strip() for line in body.splitlines() if line.strip()],
            )
            for name, ports, body in _MODULE.findall(text)
        }
        self.rams = {name: int(bits) for bits, name in _RAM.findall(text)}

    def _module(self, name: str) -> _Module:
        if name not in self.modules:
            raise ArtifactError(f"{TOP}: has no module {name} as proofs read it")
        return self.modules[name]

    def step(self, node: Neuron) -> LayerStep:
        """Return the step of a layer.

        Raises:
            ArtifactError: if its module is not as the format has it.
        """
        number = self.network.memory.numbers[node.name]
        outer, inner = self._module(f"nd_node{number}"), self._module(f"nd_neuron{number}")
        links = _links(outer, f"nd_neuron{number}")
        names = _names(node.integer_equations)
        read = {key: port for key, port in names["parameter"].items() if port in inner.ports}
        tables = {key: self._table(node, outer, links[port]) for key, port in read.items()}

        def compute(circuit: Circuit, leaves: Leaves) -> ComputedStep:
            outside: dict[str, Port] = {}
            reader = Reader(circuit, outside)
            for position, edge in enumerate(node.sources):
                name = f"e{position}"
                outside[name] = reader.connected(name, outer.ports[name], leaves.sources[edge])
            passed: dict[str, Wire] = {port: leaves.parameters[key] for key, port in read.items()}
            for key, port in names["state"].items():
                passed[port] = leaves.states[key]
                # The RAM, and the wires to the module, hold it too.
                for bits in (self.rams.get(links[port], 0), outer.ports.get(links[port], 0)):
                    reader.connected(links[port], max(bits, 1), leaves.states[key])
            for port in names["input"].values():
                bits, text = _wire(outer, links[port])
                passed[port] = reader.assigned(links[port], bits, text).wire
            results = _computed(inner, reader, passed)
            following = {}
            for key, port in names["next"].items():
                following[key] = results[port]
                for bits in (self.rams[links[names["state"][key]]], outer.ports[links[port]]):
                    reader.connected(port, bits, results[port])
            reader.connected("value", outer.ports["value"], results["sent"])
            return ComputedStep(following, results["sent"], tuple(reader.conditions))

        return LayerStep(f"the module nd_neuron{number} of {TOP}", tables, compute)

    def _table(self, node: Neuron, outer: _Module, wire: str) -> NDArray[np.int64]:
        """Return the numbers of a parameter, as they broadcast over the layer."""
        key = wire.removeprefix("parameter_")
        for line in outer.lines:
            if (rom := _ROM.match(line)) is not None and rom[4] == wire:
                try:
                    values = rom_values(self.roms.get(rom[3], ""), int(rom[1]))
                except ValueError as error:
                    raise ArtifactError(f"{rom[3]}: {error}") from error
                return _spread(values, node, self.network.program.shapes[node.name], key)
        circuit = Circuit()
        bits, text = _wire(outer, wire)
        value = Reader(circuit, {}).assigned(wire, bits, text).wire.constant
        if value is None:
            raise ArtifactError(f"{TOP}: {wire} of {node.name} is not a number")
        return np.asarray(value)

    def sums(self) -> dict[str, SumBound]:
        """Return the bounds of what weights add up, by the widths of the RAMs."""
        bounds = {}
        for node in self.network.program.synapses:
            value = self.network.memory.values[node.name]
            bits = self.rams.get(f"{value.name}_0", 0)
            if bits:
                # A number below zero has one more.
                largest = max(value.interval.high, -value.interval.low - 1)
                limit = 1 if value.is_bit else (1 << (bits - 1)) - 1
                bounds[node.name] = SumBound(largest, limit, f"{bits} bits")
        return bounds


def _names(equations: Equations) -> dict[str, dict[str, str]]:
    """Return the ports of a neuron's module: by prefix, and by what each stands for."""
    named = {
        "state": equations.states,
        "next": equations.states,
        "input": equations.inputs,
        "parameter": equations.parameters,
    }
    return {
        prefix: {key: leaf_name(prefix, key, n) for n, key in enumerate(keys)}
        for prefix, keys in named.items()
    }


def _spread(
    values: NDArray[np.int64], node: Neuron, shape: tuple[int, ...], key: str
) -> NDArray[np.int64]:
    """Return a ROM's numbers in the shape that they have over a layer."""
    if values.size == prod(shape):
        return values.reshape(shape)
    if values.size != shape[0]:
        raise ArtifactError(f"{TOP}: {values.size} numbers of {key} do not fit {node.name}")
    return values.reshape(-1, *(1,) * (len(shape) - 1))


def _links(outer: _Module, name: str) -> dict[str, str]:
    """Return what each port of a neuron's module is connected to.

    Raises:
        ArtifactError: if the module is not there exactly once.
    """
    lines = [line for line in outer.lines if line.startswith(f"{name} ")]
    if len(lines) != 1:
        raise ArtifactError(f"{TOP}: {name} is there {len(lines)} times in its layer")
    return dict(re.findall(r"\.(\w+)\((\w+)\)", lines[0]))


def _wire(module: _Module, name: str) -> tuple[int, str]:
    """Return the width of a wire, and the expression that it takes."""
    for line in module.lines:
        match = _WIRE.fullmatch(line)
        if match is not None and match[2] == name:
            return int(match[1]) + 1, match[3]
    raise ArtifactError(f"{TOP}: has no wire {name} as proofs read it")


def _computed(module: _Module, reader: Reader, passed: Mapping[str, Wire]) -> dict[str, Wire]:
    """Return what a neuron's module computes, by port.

    Raises:
        ArtifactError: if a line is not one that proofs read.
    """
    names = {
        port: reader.connected(port, module.ports[port], wire)
        for port, wire in passed.items()
        if port in module.ports
    }
    inner = Reader(reader.circuit, names, reader.conditions)
    results: dict[str, Wire] = {}
    for line in module.lines:
        if (wire := _WIRE.fullmatch(line)) is not None:
            names[wire[2]] = inner.assigned(wire[2], int(wire[1]) + 1, wire[3])
        elif (assign := _ASSIGN.fullmatch(line)) is not None and assign[1] in module.ports:
            port = assign[1]
            results[port] = inner.assigned(port, module.ports[port], assign[2]).wire
        else:
            raise ArtifactError(f"{TOP}: {line!r:.80} is not a line that proofs read")
    return results
