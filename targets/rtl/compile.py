"""Programs to a folder of Verilog, with a contract for what the text leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurodeploy.artifact import Artifact, program_hashes
from neurodeploy.program import Program
from neurodeploy.target import chip_part, decoder_contract, encoding_contract, require_fits
from targets.rtl.check import check, network_of
from targets.rtl.description import described
from targets.rtl.project.scripts import scripts
from targets.rtl.project.testbench import VECTORS, testbench, vectors_text
from targets.rtl.text.interface import page
from targets.rtl.text.network import Network
from targets.rtl.text.words import rom_text

TOP, INTERFACE = "nd_top.v", "interface.md"


def compile_program(program: Program) -> Artifact:
    """Return the artifact of a program: a folder of Verilog.

    Raises:
        DoesNotFitError: if `check` finds an error.
    """
    chip = chip_part(program)
    require_fits("rtl", check(chip))
    texts = texts_of(network_of(chip))
    files = {name: text.encode("ascii") for name, text in texts.items()}
    return Artifact("rtl", files, contract(program), program_hashes(program))


def texts_of(network: Network) -> dict[str, str]:
    """Return every file of a network: nd_top.v, the content of its ROMs, and those around it."""
    roms = {name: rom_text(rom) for name, rom in network.roms.items()}
    around = {"testbench.v": testbench(network), VECTORS: vectors_text(network), **scripts()}
    around[INTERFACE] = page(network.first, network.last)
    return {TOP: network.text(described(network)), **roms, **around}


def judged_files(files: Mapping[str, str]) -> dict[str, str]:
    """Return the files that a simulator reads: the network, and the content of its ROMs."""
    return {name: text for name, text in files.items() if name == TOP or name.endswith(".hex")}


def contract(program: Program) -> dict[str, Any]:
    """Return what the network's user must know."""
    first, chip = program.input, chip_part(program)
    return {
        "input": {"shape": list(first.shape), "signal": first.signal.value}
        | encoding_contract(first.encoding),
        "layers": [
            {
                "name": node.name,
                "neuron": node.equations.name,
                "shape": list(chip.shapes[node.name]),
                "exponent": node.exponent,
            }
            for node in chip.layers
        ],
        "output": chip.output,
        # rst before the first step of every sample.
        "states": "zero",
    } | decoder_contract(program)
