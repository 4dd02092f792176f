"""Programs to a folder of C, with a contract for what the text leaves open."""

from __future__ import annotations

from typing import Any

from neurodeploy.artifact import Artifact, program_hashes
from neurodeploy.program import Program
from neurodeploy.target import chip_part, decoder_contract, encoding_contract, require_fits
from targets.c.check import check, network_of
from targets.c.description import described
from targets.c.needs import bytes_of, require_room
from targets.c.project.files import project_files
from targets.c.text.network import Network

HEADER, SOURCE = "network.h", "network.c"


def compile_program(program: Program, form: str, flash: str, ram: str) -> Artifact:
    """Return the artifact of a program: a folder of C.

    Raises:
        DoesNotFitError: if `check` finds an error, or the memory is too small.
    """
    chip = chip_part(program)
    require_fits("c", check(chip))
    network = laid_out(chip, form, ram)
    require_room(network, bytes_of("flash", flash), bytes_of("ram", ram))
    options = {"form": form, "flash": flash, "ram": ram}
    return Artifact(
        "c", files_of(network), contract(program), program_hashes(program), options=options
    )


def laid_out(program: Program, form: str, ram: str) -> Network:
    """Return a program in a form; `auto` is by event, unless only the dense form fits the RAM."""
    allowed, by_event = bytes_of("ram", ram), network_of(program, form != "dense")
    if form == "auto" and allowed is not None and by_event.ram > allowed:
        return network_of(program, False)
    return by_event


def files_of(network: Network) -> dict[str, bytes]:
    """Return every file of a network."""
    texts = texts_of(network) | project_files(network)
    return {name: text.encode("ascii") for name, text in texts.items()}


def texts_of(network: Network) -> dict[str, str]:
    """Return the two files that hold the network."""
    return {HEADER: network.header(), SOURCE: network.source(described(network))}


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
        # nd_init before the first step of every sample.
        "states": "zero",
    } | decoder_contract(program)
