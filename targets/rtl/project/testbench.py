"""A bench that checks itself: golden vectors go in, and every spike and state is compared.

`vectors.txt` has, for each step, the events that go in and those that must come out, as an index
and a value, and a hash of every spike and state.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.target.source.vectors import (
    PRIME,
    drawn_samples,
    golden_trace,
    horner,
    low_words,
)
from targets.rtl.text.network import Network
from targets.rtl.text.words import Block, indented

VECTORS = "vectors.txt"
# Inputs that one file holds; a larger input has fewer steps.
_MOST_INPUTS = 50_000


def vectors_text(network: Network) -> str:
    """Return golden vectors: their steps, and for each step three groups of numbers."""
    program = network.program
    samples = drawn_samples(program)
    steps = max(1, min(len(samples), _MOST_INPUTS // max(network.first.size, 1)))
    sent = golden_trace(program)[program.output].s
    lines = [str(steps)]
    for step in range(steps):
        lines += _events(samples[step].reshape(-1))
        lines += _events(sent[step].reshape(-1))
        lines.append(str(_hash(network, step)))
    return "\n".join(lines) + "\n"


def _events(values: NDArray[np.int64]) -> list[str]:
    """Return how many values are not zero, and each with its index."""
    (fired,) = values.nonzero()
    return [str(fired.size), *(f"{index} {values[index]}" for index in fired)]


def _hash(network: Network, step: int) -> int:
    trace, words = golden_trace(network.program), []
    for each in network.shown:
        words.append(low_words(trace[each.layer].values[each.key][step].reshape(-1)))
    return horner(np.concatenate(words))


def testbench(network: Network) -> str:
    """Return testbench.v, for Icarus and Verilator."""
    hashing = [
        f"for (i = 0; i < {each.size}; i = i + 1) begin value = {each.word}; fold; end"
        for each in network.shown
    ]
    lines = [
        "// Golden vectors go in, and every spike and state is compared; prints its verdict.",
        "module nd_testbench;",
        "    reg clk = 0;",
        *indented(network.connected),
        f"    reg signed [{network.out_bits - 1}:0] sent [0:{network.last.size - 1}];",
        "    integer from, read, steps, step, count, n, at, value, i, cycles, longest, wrong;",
        "    reg [31:0] hash, golden;",
        "    always #5 clk = !clk;",
        # Of equal widths, since a sum with an unsigned number extends no sign.
        f"    task fold; hash = hash * 32'd{PRIME} + value; endtask",
        "    initial begin",
        *(f"        {line}" for line in _body(network, hashing)),
        "    end",
        "endmodule",
        "",
    ]
    return "\n".join(lines)


def _body(network: Network, hashing: Block) -> Block:
    size = network.last.size
    return [
        f'from = $fopen("{VECTORS}", "r");',
        'read = $fscanf(from, "%d", steps);',
        "wrong = 0; longest = 0;",
        "@(negedge clk); @(negedge clk);",
        "rst = 0;",
        "for (step = 1; step <= steps && wrong == 0; step = step + 1) begin",
        "    while (!in_ready) @(negedge clk);",
        '    read = $fscanf(from, "%d", count);',
        "    for (n = 0; n < count; n = n + 1) begin",
        '        read = $fscanf(from, "%d %d", at, value);',
        "        in_valid = 1; in_addr = at; in_data = value;",
        "        @(negedge clk);",
        "    end",
        "    in_valid = 0; tick = 1; out_ready = 1; cycles = 0;",
        f"    for (i = 0; i < {size}; i = i + 1) sent[i] = 0;",
        "    @(negedge clk);",
        "    tick = 0;",
        "    while (!done) begin",
        "        if (out_valid) sent[out_addr] = out_data;",
        "        @(negedge clk);",
        "        cycles = cycles + 1;",
        "    end",
        "    if (cycles > longest) longest = cycles;",
        *_compared(size, hashing),
        "    @(negedge clk);",
        "end",
        'if (wrong != 0) $display("self-test: step %0d differs", wrong);',
        'else $display("self-test: %0d steps equal, at most %0d cycles a step", steps, longest);',
        "$finish;",
    ]


def _compared(size: int, hashing: Block) -> Block:
    """Return the lines that compare one step with golden's."""
    return [
        "    hash = 0;",
        *(f"    {line}" for line in hashing),
        # What is left after the events is zero.
        '    read = $fscanf(from, "%d", count);',
        "    for (n = 0; n < count; n = n + 1) begin",
        '        read = $fscanf(from, "%d %d", at, value);',
        "        if (sent[at] !== value) wrong = step;",
        "        sent[at] = 0;",
        "    end",
        f"    for (i = 0; i < {size}; i = i + 1) if (sent[i] !== 0) wrong = step;",
        '    read = $fscanf(from, "%d", golden);',
        "    if (read != 1 || hash !== golden) wrong = step;",
    ]
