"""Neurons, and sums of several values, as Verilog: one after another, one in each cycle."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import Shape
from neurodeploy.program import Add, Multiply, Neuron
from snncore.dynamics.arithmetic.interval import ZERO, Interval, step_intervals
from snncore.dynamics.printing.step_ranges import StepRanges
from snncore.dynamics.printing.verilog import (
    VerilogStep,
    bits_of,
    number,
    verilog_step,
)
from targets.rtl.text.memory import Memory
from targets.rtl.text.stages import Stage, State
from targets.rtl.text.words import Block, index_bits, module, width_of


def neuron_stage(node: Neuron, memory: Memory) -> Stage:
    """Return the stage of a layer of neurons.

    Raises:
        ValueError: if an operation has no word in Verilog; names the layer.
    """
    step = _step(node, memory)
    label, size = memory.numbers[node.name], prod(memory.program.shapes[node.name])
    # The state's register holds what the next step gives, and the zero before the first.
    states = tuple(
        State(key, f"q{label}_{position}", size, step.widths[step.states[key]])
        for position, key in enumerate(node.equations.states)
    )
    ports = [f"input signed [{s.bits - 1}:0] {s.name}" for s in states]
    ports += [f"output signed [{s.bits - 1}:0] next_{s.name}" for s in states]
    wires, links, roms = _parameters(node, memory, step)
    for key, terms in _terms(node).items():
        name = step.inputs[key]
        added = " + ".join(f"e{term}" for term in terms)
        wires.append(f"wire signed [{step.widths[name] - 1}:0] {name} = {added};")
        links.append(f".{name}({name})")
    links += [f".{step.states[s.key]}({s.name})" for s in states]
    links += [f".{step.following[s.key]}(next_{s.name})" for s in states]
    wires.append(f"wire signed [{step.widths['sent'] - 1}:0] sent;")
    wires.append(f"{step.name} neuron({', '.join([*links, '.sent(sent)'])});")
    wires.append("assign value = sent;")
    text = [*step.text.split("\n"), *walk(node, memory, ports, wires)]
    bits = index_bits(size + 1)
    return Stage(node, memory, text, node.inputs, bits, states=states, roms=roms)


def _parameters(
    node: Neuron, memory: Memory, step: VerilogStep
) -> tuple[Block, Block, dict[str, NDArray[Any]]]:
    """Return the wires of the parameters, their links to the neuron, and their ROMs."""
    wires, links, roms = Block(), Block(), dict[str, NDArray[Any]]()
    shape = memory.program.shapes[node.name]
    for position, (key, name) in enumerate(step.parameters.items()):
        values = node.parameters[key]
        if values.size == 1:
            wire = f"wire signed [{step.widths[name] - 1}:0] {name}"
            wires.append(f"{wire} = {number(int(values.reshape(-1)[0]))};")
            links.append(f".{name}({name})")
            continue
        file = f"p{memory.numbers[node.name]}_{position}.hex"
        lines, roms[file] = _parameter(name, values, shape, file)
        wires += lines
        links.append(f".{name}({name})")
    return wires, links, roms


def sum_stage(node: Add, memory: Memory) -> Stage:
    """Return the stage of a sum of several values, element by element."""
    added = " + ".join(f"e{term}" for term in range(len(node.inputs)))
    text = walk(node, memory, [], [f"assign value = {added};"])
    size = prod(memory.program.shapes[node.name])
    return Stage(node, memory, text, node.inputs, index_bits(size + 1))


def _terms(node: Neuron) -> dict[str, list[int]]:
    """Return the positions of the edges that drive each input."""
    first = node.equations.inputs[0]
    ports = node.ports or (first,) * len(node.inputs)
    return {
        name: [position for position, port in enumerate(ports) if port == name]
        for name in node.equations.inputs
    }


def _step(node: Neuron, memory: Memory) -> VerilogStep:
    """Return the module of a neuron for the ranges that were proved for its layer."""
    layer = memory.ranges.layers[node.name]
    drives = {
        port: reduce(Interval.__add__, map(memory.interval, edges), ZERO).hull(layer.drives[port])
        for port, edges in node.drives.items()
    }
    states = {key: layer.states[key].hull(ZERO) for key in node.equations.states}
    proved = StepRanges(states, drives, node.parameter_ranges)
    equations = node.integer_equations
    try:
        following, bounds = step_intervals(equations, states, drives, proved.parameters)
        # The next step begins where this one ends.
        if not all(following[key].within(states[key]) for key in states):
            raise ValueError("a state may leave its register")
        return verilog_step(f"nd_neuron{memory.numbers[node.name]}", equations, proved, bounds)
    except ValueError as error:
        raise ValueError(f"{node.name}: {error}") from error


def _parameter(
    name: str, values: NDArray[Any], shape: Shape, file: str
) -> tuple[Block, NDArray[Any]]:
    """Return the wires of a parameter that differs between neurons, and its ROM."""
    lengths = (1,) * (len(shape) - values.ndim) + values.shape
    rest = prod(shape[1:])
    by_channel = lengths == (shape[0], *(1,) * (len(shape) - 1)) and rest > 1
    # One for each channel, or one for each neuron.
    rom = values.reshape(-1) if by_channel else np.broadcast_to(values, shape).reshape(-1)
    bits, address = width_of(rom), index_bits(rom.size)
    counter = f"{name}_at"
    lines = [f"wire signed [{bits - 1}:0] {name};"]
    if by_channel:
        inner = index_bits(rest)
        lines += [
            f"reg [{address - 1}:0] {counter};",
            f"reg [{inner - 1}:0] {name}_pixel;",
            "always @(posedge clk)",
            f"    if (!run) begin {counter} <= 0; {name}_pixel <= 0; end",
            f"    else if ({name}_pixel == {rest - 1}) begin",
            f"        {name}_pixel <= 0; {counter} <= {counter} + 1;",
            f"    end else {name}_pixel <= {name}_pixel + 1;",
        ]
    else:
        lines.append(f"wire [{address - 1}:0] {counter} = index;")
    lines.append(
        f'nd_rom #({bits}, {rom.size}, {address}, "{file}") {name}_rom(clk, {counter}, {name});'
    )
    return lines, rom


def walk(node: Neuron | Add | Multiply, memory: Memory, more: Sequence[str], wires: Block) -> Block:
    """Return a module that reads all edges at one index after another and writes in step."""
    value = memory.values[node.name]
    bits, at = index_bits(value.size + 1), index_bits(value.size)
    ports = ["input clk", "input run", "output finished", f"output [{bits - 1}:0] index"]
    ports += [
        f"input signed [{bits_of(memory.interval(edge)) - 1}:0] e{position}"
        for position, edge in enumerate(node.sources)
    ]
    ports += [
        "output we",
        f"output reg [{at - 1}:0] at",
        f"output signed [{bits_of(value.interval) - 1}:0] value",
        *more,
    ]
    body = [
        f"reg [{bits - 1}:0] i;",
        "reg pending;",
        "assign index = i;",
        "assign we = run && pending;",
        f"assign finished = we && at == {value.size - 1};",
        "always @(posedge clk)",
        "    if (!run) begin i <= 0; pending <= 0; at <= 0; end",
        "    else begin",
        f"        pending <= i != {value.size};",
        "        at <= i;",
        f"        if (i != {value.size}) i <= i + 1;",
        "    end",
        *wires,
    ]
    return module(f"nd_node{memory.numbers[node.name]}", ports, body)
