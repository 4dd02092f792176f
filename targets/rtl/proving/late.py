"""The values that nd_top.v reads late: by the text of the addresses of its rings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from neurodeploy.target.steps import LateRead
from targets.rtl.text.memory import Value
from targets.rtl.text.network import Network
from targets.rtl.text.stages import Stage

# What a stage reads, by the number of its run: an address before the slot of this step.
_READ = (
    r"run{0} \? \({1} >= (?P<before>\w+) \? {1} - (?P=before) : "
    r"{1} \+ (?P<around>\d+)(?P<less> - (?P=before))?\) \+ s{0}_index"
)
_FROM = r"wire \[\d+:0\] {0}_{1}_from = (.*);"
_NEXT = r"wire \[\d+:0\] {0}_next = {0} == (\d+) \? 0 : {0} \+ (\d+);"
_WRITTEN = r"wire \[\d+:0\] {0}_at = init \? clear : (?:clearing \? \S+ \+ clear : )?{1} \+ \w+;"
_BEFORE = r"wire \[\d+:0\] s{0}_before = (.*);"
_TURN = r"s{0}_turn == (\d+) \? (\d+) : "


def late_reads(text: str, network: Network) -> Iterator[LateRead]:
    """Yield every late read of the program, as the text has it."""
    for stage in network.stages:
        ports: dict[str, int] = {}
        for number, edge in enumerate(map(network.memory.root, stage.edges)):
            value = network.memory.values[edge.source]
            port = 0 if stage.in_turns else ports.get(value.name, 0)
            ports[value.name] = port + 1
            if edge.delay:
                read = LateRead(stage.node.name, edge.source, edge.delay)
                yield _ring(text, read, stage, value, port, number)


def _ring(
    text: str, read: LateRead, stage: Stage, value: Value, port: int, number: int
) -> LateRead:
    """Return a read with its ring, or without one if the text does not have it so."""
    base = value.base
    following = re.search(_NEXT.format(base), text)
    written = re.search(_WRITTEN.format(value.name, base), text)
    chosen = re.search(_FROM.format(value.name, port), text)
    address = chosen and re.search(_READ.format(stage.number, base), chosen[1])
    if following is None or written is None or not address:
        return read
    last, size = int(following[1]), int(following[2])
    before = _before(text, address["before"], stage.number, number)
    if before is None or not size:
        return read
    around = int(address["around"]) - (before if address["less"] else 0)
    bases = range(0, last + 1, size)
    slots = [each - before if each >= before else each + around for each in bases]
    if any(each % size for each in slots) or bases[-1] != last:
        return read
    turns = tuple(0 if each == last else each // size + 1 for each in bases)
    slot = tuple(each // size for each in slots)
    return LateRead(read.reader, read.source, read.delay, turns, tuple(range(len(bases))), slot)


def _before(text: str, word: str, stage: int, number: int) -> int | None:
    """Return how many words before this step's slot an edge reads, or None if nothing says so."""
    if word.isdigit():
        return int(word)
    wire = re.search(_BEFORE.format(stage), text)
    if word != f"s{stage}_before" or wire is None:
        return None
    turns = {int(turn): int(before) for turn, before in re.findall(_TURN.format(stage), wire[1])}
    last = wire[1].rpartition(" ")[2]
    return turns.get(number, int(last) if last.isdigit() and number == len(turns) else None)
