"""A program as nd_top.v: the stages of its nodes, one after another, around their memories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.program import (
    Add,
    Attention,
    Conv2d,
    Dense,
    Input,
    MaxPool2d,
    Multiply,
    Neuron,
    Program,
    Selection,
    SumPool2d,
)
from snncore.dynamics.printing.verilog import bits_of, number
from targets.rtl.text.attention import attention_stage
from targets.rtl.text.delays import any_dense_stage
from targets.rtl.text.interface import Port, instance, ports_of
from targets.rtl.text.layers import neuron_stage, sum_stage
from targets.rtl.text.memory import Memory, Value
from targets.rtl.text.selections import largest_stage, moved_stage, product_stage
from targets.rtl.text.shown import Shown, shown_of
from targets.rtl.text.stages import Stage
from targets.rtl.text.synapses import conv_stage, pool_stage
from targets.rtl.text.words import Block, comment, index_bits, module

FORMAT = "1"

# The stage of a node that has a value of its own.
STAGE = KindTable[[Memory], Stage]("nd_top.v")
STAGE.register(Dense)(any_dense_stage)
STAGE.register(Conv2d)(conv_stage)
STAGE.register(SumPool2d)(pool_stage)
STAGE.register(Add)(sum_stage)
STAGE.register(Neuron)(neuron_stage)
STAGE.register(Selection)(moved_stage)
STAGE.register(MaxPool2d)(largest_stage)
STAGE.register(Multiply)(product_stage)
STAGE.register(Attention)(attention_stage)


@dataclass(frozen=True)
class Reading:
    """A port that reads a value's RAM in one stage."""

    port: int
    run: str
    address: str


@dataclass(frozen=True)
class Network:
    """A program laid out for Verilog."""

    program: Program

    @cached_property
    def memory(self) -> Memory:
        """The values of the program."""
        return Memory(self.program)

    @cached_property
    def stages(self) -> list[Stage]:
        """The stages, in the order in which they run."""
        names = self.memory.values
        return [
            STAGE(node, self.memory)
            for node in self.program.nodes
            if node.name in names and not isinstance(node, Input)
        ]

    @property
    def first(self) -> Value:
        """The value of the samples."""
        return self.memory.values[self.program.input.name]

    @property
    def last(self) -> Value:
        """The value that is sent."""
        return self.memory.values[self.program.output]

    @cached_property
    def roms(self) -> Mapping[str, NDArray[Any]]:
        """The values of every ROM by its file."""
        return {name: rom for stage in self.stages for name, rom in stage.roms.items()}

    @cached_property
    def readings(self) -> Mapping[str, list[Reading]]:
        """By the name of a RAM, what reads it."""
        readings: dict[str, list[Reading]] = {v.name: [] for v in self.memory.values.values()}
        for stage in self.stages:
            run, taken = f"run{stage.number}", dict[str, int]()
            for edge in map(self.memory.root, stage.ports):
                value = self.memory.values[edge.source]
                port = taken.setdefault(value.name, 0)
                taken[value.name] += 1
                index = f"s{stage.number}_index"
                address = value.address(index, edge.delay)
                if stage.in_turns and value.slots > 1:
                    address = value.address_before(index, f"s{stage.number}_before")
                readings[value.name].append(Reading(port, run, address))
            if stage.adds:
                address = stage.value.address(f"s{stage.number}_own")
                port = taken.get(stage.value.name, 0)
                readings[stage.value.name].append(Reading(port, run, address))
        readings[self.last.name].append(Reading(0, "sending", self.last.address("out_at")))
        return readings

    @cached_property
    def shown(self) -> list[Shown]:
        """The memories that a bench reads after every step."""
        return shown_of(self.stages)

    def ports(self, value: Value) -> int:
        """Return how many copies of a value's RAM there are."""
        return 1 + max((each.port for each in self.readings[value.name]), default=0)

    def text(self, description: str) -> str:
        """Return nd_top.v, which begins with the description of the program."""
        blocks: list[Block] = [
            [
                "/* A spiking network in Verilog-2001, written by neurodeploy. Its program,",
                "without the weights that stand in the .hex files:",
                f"{description}*/",
                "",
                *_MEMORIES,
            ]
        ]
        blocks += [[f"// {comment(each.node.name)}", *each.text] for each in self.stages]
        blocks.append(self._top())
        return "\n".join(line for block in blocks for line in block)

    @property
    def in_bits(self) -> int:
        """The width of a sample."""
        return bits_of(self.first.interval)

    @property
    def out_bits(self) -> int:
        """The width of a value that is sent."""
        return bits_of(self.last.interval)

    @property
    def connected(self) -> Block:
        """A bench's instance of nd_top, and the registers that drive it."""
        return instance(self.interface)

    @cached_property
    def interface(self) -> list[Port]:
        """The ports of nd_top."""
        return ports_of(self.first, self.last)

    def _top(self) -> Block:
        body = [*self._control(), *self._wires(), *self._rams()]
        for stage in self.stages:
            body += self._instance(stage)
        ports = [port.declared for port in self.interface]
        return module("nd_top", ports, [*body, *self._sending(), *self._sequence()])

    def _control(self) -> Block:
        last = len(self.stages) + 2
        bits = index_bits(last + 2)
        return [
            f"localparam INIT = 0, READY = 1, SEND = {last}, CLEAR = {last + 1};",
            f"reg [{bits - 1}:0] stage;",
            f"reg [{self._clear_bits - 1}:0] clear;",
            "wire init = stage == INIT;",
            "wire ready = stage == READY;",
            "wire sending = stage == SEND;",
            "wire clearing = stage == CLEAR;",
            "assign in_ready = ready;",
            f"assign done = clearing && clear == {self.first.size - 1};",
            *(
                f"wire run{stage.number} = stage == {index + 2};"
                for index, stage in enumerate(self.stages)
            ),
        ]

    @property
    def _deepest(self) -> int:
        depths = [value.depth for value in self.memory.values.values()]
        return max(depths + [state.size for stage in self.stages for state in stage.states])

    @property
    def _clear_bits(self) -> int:
        return index_bits(self._deepest)

    def _wires(self) -> Block:
        """Return every wire and register, before any is read."""
        lines: Block = []
        for value in self.memory.values.values():
            for port in range(self.ports(value)):
                lines.append(f"wire [{value.bits - 1}:0] {value.name}_{port}_word;")
            if value.slots > 1:
                bits = value.address_bits
                lines.append(f"reg [{bits - 1}:0] {value.base};")
                after = (
                    f"{value.base} == {value.depth - value.size} ? 0 : {value.base} + {value.size}"
                )
                lines.append(f"wire [{bits - 1}:0] {value.base}_next = {after};")
        for stage in self.stages:
            name = f"s{stage.number}"
            lines += [
                f"wire {name}_finished;",
                f"wire {name}_we;",
                f"wire [{stage.index_bits - 1}:0] {name}_index;",
                f"wire [{stage.at_bits - 1}:0] {name}_at;",
                f"wire signed [{bits_of(stage.value.interval) - 1}:0] {name}_value;",
            ]
            if stage.adds:
                lines.append(f"wire [{stage.at_bits - 1}:0] {name}_own;")
            if stage.in_turns:
                lines += self._turns(stage)
            for state in stage.states:
                lines.append(f"wire signed [{state.bits - 1}:0] {state.name}_word;")
                lines.append(f"wire signed [{state.bits - 1}:0] {state.name}_next;")
        return [*lines, f"reg [{index_bits(self.last.size) - 1}:0] out_at;"]

    def _turns(self, stage: Stage) -> Block:
        """Return the wires of a stage's turn, and of how many words before it reads in it."""
        name, roots = f"s{stage.number}", [self.memory.root(edge) for edge in stage.edges]
        size = self.memory.values[roots[0].source].size
        *others, last = words = [edge.delay * size for edge in roots]
        chosen = "".join(f"{name}_turn == {n} ? {before} : " for n, before in enumerate(others))
        bits = index_bits(max(words) + 1)
        return [
            f"wire [{stage.turn_bits - 1}:0] {name}_turn;",
            f"wire [{bits - 1}:0] {name}_before = {chosen}{last};",
        ]

    def _rams(self) -> Block:
        """Return the RAM of every value, and of every state."""
        lines: Block = []
        stages = {stage.node.name: stage for stage in self.stages}
        for name, value in self.memory.values.items():
            stage = stages.get(name)
            lines += self._written(value, stage)
            for port in range(self.ports(value)):
                lines += self._ram(value, port)
        for stage in self.stages:
            for state in stage.states:
                lines += _state_ram(stage, state.name, state.size, state.bits)
        return lines

    def _written(self, value: Value, stage: Stage | None) -> Block:
        """Return the wires of what a value's RAM takes."""
        name, bits = value.name, value.address_bits
        if stage is not None:
            here = f"s{stage.number}"
            enable = f"init || {here}_we"
            address = f"init ? clear : {value.address(f'{here}_at')}"
            word = f"init ? 0 : {here}_value"
        else:
            low, high = (number(end) for end in (value.interval.low, value.interval.high))
            clipped = f"in_data < {low} ? {low} : in_data > {high} ? {high} : in_data"
            cleared = "clear" if value.slots == 1 else f"{value.base}_next + clear"
            enable = "init || clearing || ready && in_valid"
            address = f"init ? clear : clearing ? {cleared} : {value.address('in_addr')}"
            word = f"(init || clearing) ? 1'sd0 : {clipped}"
        return [
            f"wire {name}_we = {enable};",
            f"wire [{bits - 1}:0] {name}_at = {address};",
            f"wire [{value.bits - 1}:0] {name}_new = {word};",
        ]

    def _ram(self, value: Value, port: int) -> Block:
        name, bits = value.name, value.address_bits
        readings = [each for each in self.readings[name] if each.port == port]
        chosen = "".join(f"{each.run} ? {each.address} : " for each in readings)
        parameters = f"{value.bits}, {value.depth}, {bits}"
        links = f"{name}_we, {name}_at, {name}_new, {name}_{port}_from, {name}_{port}_word"
        return [
            f"wire [{bits - 1}:0] {name}_{port}_from = {chosen}0;",
            f"nd_ram #({parameters}) {name}_{port}(clk, {links});",
        ]

    def _instance(self, stage: Stage) -> Block:
        """Return what a stage reads, and its module."""
        name, lines, links, taken = f"s{stage.number}", Block(), Block(), dict[str, int]()
        for position, edge in enumerate(stage.ports):
            value = self.memory.values[self.memory.root(edge).source]
            port = taken.setdefault(value.name, 0)
            taken[value.name] += 1
            lines += self.memory.read(f"{name}_e{position}", edge, f"{value.name}_{port}_word")
            links.append(f".e{position}({name}_e{position})")
        links += [f".{key}({name}_{key})" for key in ("finished", "index", "we", "at", "value")]
        if stage.in_turns:
            links.append(f".turn({name}_turn)")
        if stage.adds:
            value = stage.value
            total = value.signed(f"{value.name}_{taken.get(value.name, 0)}_word")
            lines.append(f"wire signed [{bits_of(value.interval) - 1}:0] {name}_total = {total};")
            links += [f".own({name}_own)", f".total({name}_total)"]
        for state in stage.states:
            links += [f".{state.name}({state.name}_word)", f".next_{state.name}({state.name}_next)"]
        run = f"run{stage.number}"
        return [
            f"// {comment(stage.node.name)}",
            *lines,
            f"nd_node{stage.number} node{stage.number}(",
            f"    .clk(clk), .run({run}), {', '.join(links)});",
        ]

    def _sending(self) -> Block:
        """Return the walk over the output: values that are not zero are offered."""
        word = self.last.signed(f"{self.last.name}_0_word")
        return [
            "reg [1:0] offer;",
            f"wire signed [{self.out_bits - 1}:0] out_word = {word};",
            "assign out_valid = sending && offer == 1 && out_word != 1'sd0;",
            "assign out_addr = out_at;",
            "assign out_data = out_word;",
            "wire out_moves = offer == 1 && (out_word == 1'sd0 || out_ready);",
            f"wire out_ends = out_moves && out_at == {self.last.size - 1};",
            "always @(posedge clk)",
            "    if (!sending) begin out_at <= 0; offer <= 0; end",
            "    else if (out_moves) begin out_at <= out_at + 1; offer <= 0; end",
            "    else offer <= 1;",
        ]

    def _sequence(self) -> Block:
        """Return the register that goes from stage to stage."""
        rings = [value for value in self.memory.values.values() if value.slots > 1]
        finished = [f"run{s.number} && s{s.number}_finished" for s in self.stages]
        moves = ["ready && tick", *finished, "sending && out_ends"]
        return [
            f"wire moves = {' || '.join(f'({each})' for each in moves)};",
            "always @(posedge clk)",
            "    if (rst) begin",
            "        stage <= INIT;",
            "        clear <= 0;",
            *(f"        {value.base} <= 0;" for value in rings),
            "    end else begin",
            f"        if (init && clear == {self._deepest - 1}) begin",
            "            stage <= READY;",
            "            clear <= 0;",
            "        end else if (done) begin",
            "            stage <= READY;",
            "            clear <= 0;",
            *(f"            {value.base} <= {value.base}_next;" for value in rings),
            "        end else if (init || clearing) clear <= clear + 1;",
            "        else if (moves) stage <= stage + 1;",
            "    end",
        ]


def _state_ram(stage: Stage, name: str, size: int, bits: int) -> Block:
    here, address = f"s{stage.number}", index_bits(size)
    links = f"{name}_we, {name}_at, {name}_new, {name}_from, {name}_word"
    return [
        f"wire {name}_we = init || {here}_we;",
        f"wire [{address - 1}:0] {name}_at = init ? clear : {here}_at;",
        f"wire [{bits - 1}:0] {name}_new = init ? 0 : {name}_next;",
        f"wire [{address - 1}:0] {name}_from = {here}_index;",
        f"nd_ram #({bits}, {size}, {address}) {name}(clk, {links});",
    ]


_MEMORIES = [
    "module nd_ram #(parameter BITS = 1, DEPTH = 1, ADDRESS = 1) (",
    "    input clk,",
    "    input we,",
    "    input [ADDRESS-1:0] at,",
    "    input [BITS-1:0] value,",
    "    input [ADDRESS-1:0] from,",
    "    output reg [BITS-1:0] word",
    ");",
    "    reg [BITS-1:0] words [0:DEPTH-1];",
    "    always @(posedge clk) begin",
    "        if (we) words[at] <= value;",
    "        word <= words[from];",
    "    end",
    "endmodule",
    "",
    'module nd_rom #(parameter BITS = 1, DEPTH = 1, ADDRESS = 1, FILE = "") (',
    "    input clk,",
    "    input [ADDRESS-1:0] from,",
    "    output reg signed [BITS-1:0] word",
    ");",
    "    reg [BITS-1:0] words [0:DEPTH-1];",
    "    initial $readmemh(FILE, words);",
    "    always @(posedge clk) word <= words[from];",
    "endmodule",
    "",
]
