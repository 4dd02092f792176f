"""The values that network.c reads late: by the text of its rings, which `nd_step` turns."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from neurodeploy.program import Dense
from neurodeploy.program.layout import Layout
from neurodeploy.target.steps import LateRead

_FUNCTION = re.compile(r"^static [^\n;]*?(\d+)\([^()]*\)\n\{\n(.*?)^\}", re.M | re.S)
# By group: the number of the reader, if it is an argument, of the value and of its counter; what is
# added to the counter, and modulo; and the delay for which weights are chosen.
_READ = re.compile(
    r"(?:(?:scatter|sum|part)(\d+)\((?:sums, )?)?"
    r"n->n(\d+)_s \+ \(\(n->r(\d+) \+ (\d+)\) % (\d+)\) \* \d+(?:, (\d+))?"
)
_WRITTEN = r"= n->n{0}_s \+ n->r{0} \* \d+;"
_COUNTER = r"network->r{0} = network->r{0} == (\d+) \? 0 : network->r{0} \+ 1;"

Key = tuple[int, int, int | None]


def late_reads(text: str, layout: Layout) -> tuple[LateRead, ...]:
    """Return every late read of the program, as the text has it."""
    reads = _reads(text)
    return tuple(_expected(text, layout, reads))


def _reads(text: str) -> dict[Key, list[tuple[int, int]]]:
    """Return by reader, value and delay of its weights what is added to the counter, and modulo."""
    reads: dict[Key, list[tuple[int, int]]] = defaultdict(list)
    for number, body in _FUNCTION.findall(text):
        for reader, value, counter, added, modulo, late in _READ.findall(body):
            if value == counter:
                key = int(reader or number), int(value), int(late) if late else None
                reads[key].append((int(added), int(modulo)))
    return reads


def _expected(
    text: str, layout: Layout, reads: dict[Key, list[tuple[int, int]]]
) -> Iterator[LateRead]:
    for node in layout.program.nodes:
        # A node without a slot is another name of a value.
        if node.name not in layout.slots:
            continue
        chosen = isinstance(node, Dense) and node.delays is not None
        # A weight's own delay is counted from the step that its source brings.
        before = node.source.delay if isinstance(node, Dense) else 0
        for edge in node.sources:
            root = layout.root(edge)
            if not root.delay:
                continue
            late = edge.delay - before if chosen else None
            number = layout.numbers[root.source]
            rest = reads.get((layout.numbers[node.name], number, late), [])
            nearest = sorted(rest, key=lambda each: abs(each[1] - each[0] - root.delay))
            if not nearest:
                yield LateRead(node.name, root.source, root.delay)
                continue
            added, modulo = nearest[0]
            rest.remove(nearest[0])
            yield _ring(text, LateRead(node.name, root.source, root.delay), number, added, modulo)


def _ring(text: str, read: LateRead, number: int, added: int, modulo: int) -> LateRead:
    """Return a read with its ring, or without one if the text does not have it so."""
    counter = re.search(_COUNTER.format(number), text)
    written = re.search(_WRITTEN.format(number), text)
    if counter is None or written is None or not 0 < modulo <= 1 + int(counter[1]):
        return read
    slots = range(int(counter[1]) + 1)
    following = tuple(0 if each == slots[-1] else each + 1 for each in slots)
    slot = tuple((each + added) % modulo for each in slots)
    return LateRead(read.reader, read.source, read.delay, following, tuple(slots), slot)
