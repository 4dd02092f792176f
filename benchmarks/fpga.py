"""The demo's network on FPGAs: cells, block RAM, clock and latency, by yosys, nextpnr and Icarus.

    PYTHONPATH=. python benchmarks/fpga.py [PART ...]

writes the section "FPGAs" of RESULTS.md. Correctness first: Icarus must compute golden's values.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from benchmarks._common import SCRATCH
from neurodeploy.chips.resources import Synthesis
from neurodeploy.demo.digits import load_digits
from neurodeploy.demo.training import float_network, quantized_network, train
from neurodeploy.flow import pipeline
from neurodeploy.simulator import run_golden
from neurodeploy.target.source.vectors import drawn_samples
from neurodeploy.verification.compare import compare
from targets.rtl import target

RESULTS = Path(__file__).with_name("RESULTS.md")
FORMS = {"int8": "int8", "loihi": "Loihi's integers"}
TITLE = "## FPGAs"
INTRODUCTION = """\
The demo's network (1,546 neurons, 9,872 weights, two convolutions and a dense layer) as Verilog, \
by `neurodeploy inspect --synthesize PART`: nextpnr's clock after place and route with the goal of \
50 MHz, and the mean of the cycles of 16 steps of golden vectors, in which a quarter of the pixels \
spike. One weight and one neuron a cycle; an inference is 16 steps. `python benchmarks/fpga.py` \
writes this section.

| integers | part | logic | block RAM | multipliers | clock | cycles a step | step | inference |
|---|---|---|---|---|---|---|---|---|
"""


def cells(synthesis: Synthesis) -> list[str]:
    """Return a part's cells of the table."""
    used = {use.what.split()[0]: f"{use.used:,} of {use.limit:,}" for use in synthesis.uses}
    logic = used.get("logic") or used.get("lookup", "-")
    row = [synthesis.title, logic, used.get("block", "-"), used.get("multipliers", "-")]
    steps = len(synthesis.cycles)
    step, whole = synthesis.microseconds(1), synthesis.microseconds(steps)
    if step is None or whole is None:
        return [*row, "does not fit", f"{synthesis.cycles_a_step:,.0f}", "-", "-"]
    clock = f"{synthesis.clock_mhz:.1f} MHz"
    return [
        *row,
        clock,
        f"{synthesis.cycles_a_step:,.0f}",
        f"{step:,.0f} us",
        f"{whole / 1000:.1f} ms",
    ]


def rows(parts: list[str]) -> list[str]:
    """Return the rows of every form of integers on every part."""
    torch.manual_seed(0)
    digits, floats = load_digits(), float_network()
    train(floats, digits, 8, 5e-3, lambda _: None)
    lines = []
    for form, title in FORMS.items():
        network = quantized_network(floats, form)
        train(network, digits, 4, 2e-3, lambda _: None)
        artifact = pipeline.export(
            network, target="rtl", path=SCRATCH / f"rtl-{form}", example=digits.test
        )
        program = target.read(artifact)
        samples = drawn_samples(program)[:2]
        golden = run_golden(program, samples)
        link = compare("golden = icarus", golden, target.simulate(artifact, samples), 0.0)
        assert link.same
        assert golden.spikes() > 0
        for part in parts:
            synthesis = target.synthesis(artifact, part, lambda line: print(line, flush=True))
            lines.append(f"| {' | '.join([title, *cells(synthesis)])} |")
            print(lines[-1], flush=True)
    return lines


def written(page: str, lines: list[str]) -> str:
    """Return the page of results with these rows in its section."""
    before, _, after = page.partition(f"{TITLE}\n")
    rest = after.partition("\n## ")[2]
    section = f"{TITLE}\n{INTRODUCTION}" + "\n".join(lines) + "\n"
    return before.rstrip("\n") + f"\n\n{section}" + (f"\n## {rest}" if rest else "")


if __name__ == "__main__":
    table = rows(sys.argv[1:] or list(target.parts))
    RESULTS.write_text(written(RESULTS.read_text("utf-8"), table), "utf-8")
