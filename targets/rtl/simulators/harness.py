"""A bench around nd_top that shows every spike and state of every step, as decimal numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import SimulatorError
from neurodeploy.program import Neuron
from neurodeploy.trace import LayerTrace, Trace
from snncore.dynamics.sent import sends_spikes
from targets.rtl.text.network import Network
from targets.rtl.text.words import Block, indented

SAMPLES, VALUES = "samples.txt", "values.txt"
_REMEDY = "see its output"


def samples_text(network: Network, samples: NDArray[np.int64]) -> str:
    """Return samples (T, N, ...) as the bench reads them: each step's events, with their number."""
    steps, count = samples.shape[:2]
    lines = [f"{count} {steps}"]
    for row in samples.reshape(steps, count, -1).swapaxes(0, 1).reshape(steps * count, -1):
        (fired,) = row.nonzero()
        lines.append(str(fired.size))
        lines += [f"{index} {row[index]}" for index in fired]
    return "\n".join(lines) + "\n"


def bench(network: Network, *, copied: bool = False) -> str:
    """Return the bench, whose consumer of spikes is not always ready.

    A netlist has no RAMs with a name: `copied` reads copies of all that is written.
    """
    lines = [
        "module nd_bench(input clk);",
        *indented(network.connected),
        f"    reg signed [{network.out_bits - 1}:0] sent [0:{network.last.size - 1}];",
        *(indented(_copies(network)) if copied else ()),
        "    localparam OPEN = 0, RESET = 1, WAIT = 2, FEED = 3, RUN = 4, STOP = 5;",
        "    integer phase = OPEN, held = 0, sample = 0, step = 0;",
        # Public, or Verilator 5.006 takes a file's number for a variable of one call alone.
        "    integer from /* verilator public_flat */, to /* verilator public_flat */;",
        "    integer samples, steps, events, event_at, address, value, i, read, cycles;",
        # What is read follows the clock's other edge, so nothing races.
        "    always @(negedge clk) case (phase)",
        *(f"        {line}" for line in _phases(network, copied)),
        "    endcase",
        "endmodule",
        "",
    ]
    return "\n".join(lines)


def _copies(network: Network) -> Block:
    lines: Block = []
    for each in network.shown:
        written = f"{each.copy}[dut.{each.writer}_at] <= dut.{each.writer}_new;"
        lines += [
            f"reg [{each.bits - 1}:0] {each.copy} [0:{each.depth - 1}];",
            f"always @(posedge clk) if (dut.{each.writer}_we) {written}",
        ]
    return lines


def _phases(network: Network, copied: bool) -> Block:
    """Return what the bench does at one edge of the clock, in each of its phases."""
    size = network.last.size
    return [
        "OPEN: begin",
        f'    from = $fopen("{SAMPLES}", "r");',
        f'    to = $fopen("{VALUES}", "w");',
        '    read = $fscanf(from, "%d %d", samples, steps);',
        "    phase = samples != 0 && steps != 0 ? RESET : STOP;",
        "end",
        "RESET: begin",
        "    held = held + 1;",
        "    rst = held < 3;",
        "    if (!rst) begin held = 0; step = 0; phase = WAIT; end",
        "end",
        "WAIT: if (in_ready) begin",
        '    read = $fscanf(from, "%d", events);',
        "    event_at = 0;",
        "    phase = FEED;",
        "end",
        "FEED: if (event_at < events) begin",
        '    read = $fscanf(from, "%d %d", address, value);',
        "    in_valid = 1; in_addr = address; in_data = value;",
        "    event_at = event_at + 1;",
        "end else begin",
        "    in_valid = 0; tick = 1; cycles = 0;",
        f"    for (i = 0; i < {size}; i = i + 1) sent[i] = 0;",
        "    phase = RUN;",
        "end",
        "RUN: begin",
        *(f"    {line}" for line in _running(network, copied)),
        "end",
        "STOP: begin",
        "    $fclose(to);",
        "    $finish;",
        "    phase = STOP + 1;",
        "end",
    ]


def _running(network: Network, copied: bool) -> Block:
    """Return what the bench does while a step is computed."""
    return [
        "tick = 0;",
        "out_ready = cycles % 3 != 1;",
        "if (out_valid && out_ready) sent[out_addr] = out_data;",
        "if (done) begin",
        *(f"    {line}" for line in _written(network, copied)),
        "    step = step + 1;",
        "    phase = WAIT;",
        "    if (step == steps) begin",
        "        sample = sample + 1;",
        "        phase = sample == samples ? STOP : RESET;",
        "    end",
        "end",
        "cycles = cycles + 1;",
    ]


def _written(network: Network, copied: bool) -> Block:
    """Return the lines that write one step."""
    size = network.last.size
    return [
        '$fwrite(to, "%0d\\n", cycles);',
        f'for (i = 0; i < {size}; i = i + 1) $fwrite(to, "%0d\\n", sent[i]);',
        *(
            f'for (i = 0; i < {each.size}; i = i + 1) $fwrite(to, "%0d\\n", {word});'
            for each, word in (
                (each, each.copied if copied else each.word) for each in network.shown
            )
        ),
    ]


def trace_of(network: Network, text: str, steps: int, samples: int) -> Trace:
    """Return the trace in the numbers of a run.

    Raises:
        SimulatorError: if they are not those of such a run, if a register has no value, or if the
            spikes that nd_top sends are not the last layer's.
    """
    sizes = [1, network.last.size, *(each.size for each in network.shown)]
    try:
        numbers = np.array([int(word) for word in text.split()], np.int64)
        rows = numbers.reshape(samples, steps, sum(sizes))
    except (ValueError, OverflowError) as error:
        words = f"the bench gave no numbers of {samples} samples and {steps} steps: {error}"
        raise SimulatorError(words, remedy=_REMEDY) from error
    _, sent, *columns = np.split(rows, np.cumsum(sizes)[:-1], axis=2)
    layers: dict[str, dict[str, NDArray[np.int64]]] = {}
    for each, column in zip(network.shown, columns, strict=True):
        shape = (steps, samples, *network.program.shapes[each.layer])
        values = column.transpose(1, 0, 2).reshape(shape)
        layers.setdefault(each.layer, {})[each.key] = values
    output = layers[network.program.output]["s"]
    if (sent.transpose(1, 0, 2).reshape(output.shape) != output).any():
        raise SimulatorError("nd_top does not send what the last layer does", remedy=_REMEDY)
    nodes = network.program.by_name
    traces = {}
    for name, arrays in layers.items():
        node = nodes[name]
        assert isinstance(node, Neuron)
        traces[name] = LayerTrace(arrays, sends_spikes(node.equations))
    return Trace(traces, network.program.output)


def cycles_of(network: Network, text: str) -> list[int]:
    """Return the clock cycles of every step of a run."""
    length = 1 + network.last.size + sum(each.size for each in network.shown)
    return [int(word) for word in text.split()[::length]]
