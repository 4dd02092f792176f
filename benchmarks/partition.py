"""Cores dealt to chips: the axons that cross, beside METIS and beside the order of the layers.

METIS (`pip install pymetis`) may overfill a chip; the cores beyond its room are shown then, for
such a result cannot be used. Networks are Loihi programs of many cores, with random weights.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pymetis
import torch
from _results import report
from large_networks import build
from torch import nn

import quant
from neurodeploy.chips.partition import CoreGraph, Integers, partition
from neurodeploy.chips.resources import Core
from neurodeploy.program import Program
from targets.loihi.chip.chips import LOIHI_1, LOIHI_2, Chip
from targets.loihi.chip.placement import layers_of, placement
from targets.loihi.chip.spread import core_graph

ABOUT = (
    "Axons that lead to another chip: of cores in the order of their layers, by our partition, and "
    "by METIS, which may put more cores on a chip than it has (`over`); from `python "
    "benchmarks/partition.py --write`, while other work ran."
)


def main() -> None:
    """Print a row for every network and chip; write the table with --write."""
    table = ["| network | chip | cores | chips | in order | ours | s | METIS | s | over |"]
    table.append("|" + "---|" * 10)
    for name, program in (("convolutions", convolutions()), ("dense", dense())):
        for chip in (LOIHI_1, LOIHI_2):
            one = replace(chip, cores=128 if chip is LOIHI_1 else 16)
            placed = placement(program, one)
            label = f"{chip.name}, {one.cores} cores a chip"
            table.append(f"| {' | '.join((name, label, *row(program, one, placed.cores)))} |")
    report("A network on many chips", ABOUT, table)


def row(program: Program, chip: Chip, cores: Sequence[Core]) -> tuple[str, ...]:
    """Return the axons that cross by each way of dealing the cores, and the times."""
    links = {each.node.name: each.inputs for each in layers_of(program, chip)}
    graph = core_graph(cores, links)
    count, room = len(cores), chip.cores
    started = time.perf_counter()
    ours = partition(graph, room)
    between = time.perf_counter()
    peer = metis(graph, -(-count // room))
    ended = time.perf_counter()
    over = max(int(np.bincount(peer).max()) - room, 0)
    return (
        f"{count:,}",
        str(-(-count // room)),
        f"{graph.cut(np.arange(count) // room):,}",
        f"{graph.cut(ours):,}",
        f"{between - started:.1f}",
        f"{graph.cut(peer):,}",
        f"{ended - between:.1f}",
        str(over),
    )


def metis(graph: CoreGraph, chips: int) -> Integers:
    """Return METIS's result: recursive bisection, with chips as equal as it makes them."""
    options = pymetis.Options(ufactor=1)
    shape = pymetis.CSRAdjacency(graph.starts, graph.neighbours)
    weights = graph.weights.tolist()
    parts = pymetis.part_graph(
        chips, shape, eweights=weights, recursive=True, options=options
    ).vertex_part
    return np.array(parts, dtype=np.int64)


def convolutions() -> Program:
    """Return a network of convolutions, lowered for Loihi."""
    torch.manual_seed(0)
    channels = ((2, 32, 1), (32, 64, 2), (64, 64, 1), (64, 128, 2), (128, 128, 1))
    blocks = [
        block(quant.Conv2d(one, other, 3, stride=stride, padding=1, format="loihi"))
        for one, other, stride in channels
    ]
    return lowered(nn.Sequential(*blocks), torch.zeros(1, 1, 2, 64, 64))


def dense() -> Program:
    """Return dense layers after convolutions of many neurons."""
    network, example = build("loihi", 192, 3)
    return lowered(network, example)


def block(synapse: nn.Module) -> nn.Module:
    """Return weights with neurons."""
    with torch.no_grad():
        synapse.weight.uniform_(-60, 60).mul_(synapse.unit)
    return quant.Block(synapse, quant.CubaLIF(format="loihi"))


def lowered(network: nn.Module, example: torch.Tensor) -> Program:
    """Return the program, whatever chip it fits."""
    import neurodeploy as nd

    return nd.lower(network, example=example, target="loihi")


if __name__ == "__main__":
    main()
