"""The order in which a step computes NIR's nodes, and the edges of loops that wait a step.

1. Nodes come after those that they read. Where none can come next, one does that some value has
   reached, and its other edges wait a step: they lead back from what is behind it.
2. A loop of nodes that remember nothing, without a delay, has no such order.
3. Whoever counts a bias on the way back from the first step on lets the neurons' edge wait, and not
   that of the sums.
4. A delay on the way back takes the place of the wait: it is a step shorter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush

from neurodeploy.errors import ArtifactError
from targets.nir.foreign.network import PASS, NirNetwork, NirNode

NEURONS = ("I", "IF", "LI", "LIF", "CubaLI", "CubaLIF")
Edge = tuple[str, str]


@dataclass(frozen=True)
class Order:
    """The nodes that the output needs, in order, and what waits."""

    names: tuple[str, ...]
    late: frozenset[Edge]
    # Delays that are a step shorter, since they stand in a loop.
    shorter: frozenset[str]
    unused: tuple[str, ...]


def order_of(network: NirNetwork, *, delays: Mapping[str, int], bias_at_start: bool) -> Order:
    """Return the order of a network's nodes; `delays` are the steps of each Delay.

    Raises:
        ArtifactError: if a loop has no neuron and no delay, or no edge leads to a node.
    """
    ends = {
        kind: [name for name, node in network.nodes.items() if node.kind == kind]
        for kind in ("Input", "Output")
    }
    for kind, names in ends.items():
        if len(names) != 1:
            listed = ", ".join(names) or "none"
            raise ArtifactError(
                f"has {len(names)} nodes of type {kind} ({listed}), and a network has one",
                remedy="write one with a single Input and a single Output",
            )
    ((first,), (last,)) = ends.values()
    for source, reader in network.edges:
        if reader == first or source == last:
            side = "into its Input" if reader == first else "out of its Output"
            raise ArtifactError(f"the edge {source} -> {reader} leads {side}, where none does")
    needed = _reached(last, network.sources)
    for name in needed - {first}:
        if not network.sources(name):
            raise ArtifactError(f"{name}: no edge leads to it, so it has no input")
    if first not in needed:
        raise ArtifactError(f"no way leads from {first} to {last}")
    order, late = _sorted(network, first, needed)

    def remembers(node: NirNode) -> bool:
        return node.kind in NEURONS or delays.get(node.name, 0) > 0

    for source, reader in late:
        _require_memory(network, source, reader, remembers)
    shorter = {name for edge in late for name in _delay_behind(network, edge[0], delays)}
    if bias_at_start:
        order, late = _with_early_biases(network, order, late)
    unused = tuple(name for name in network.nodes if name not in needed)
    return Order(tuple(order), frozenset(late), frozenset(shorter), unused)


def _reached(start: str, following: Callable[[str], tuple[str, ...]]) -> set[str]:
    pending, reached = [start], {start}
    while pending:
        for name in following(pending.pop()):
            if name not in reached:
                reached.add(name)
                pending.append(name)
    return reached


def _sorted(network: NirNetwork, first: str, needed: set[str]) -> tuple[list[str], list[Edge]]:
    """Return the nodes in order, and the edges that lead back."""
    # In the order in which the input reaches them.
    waiting = [name for name in _breadth_first(network, first) if name in needed]
    rank = {name: number for number, name in enumerate(waiting)}
    missing = {name: len(network.sources(name)) for name in waiting}
    ready, reached = [0], list[int]()
    order, late = list[str](), list[Edge]()
    done = set[str]()
    while ready or reached:
        name = waiting[heappop(ready or reached)]
        if name in done:
            continue
        late += [(source, name) for source in network.sources(name) if source not in done]
        order.append(name)
        done.add(name)
        for reader in network.readers(name):
            if reader in rank and reader not in done:
                missing[reader] -= 1
                heappush(reached if missing[reader] else ready, rank[reader])
    if done != needed:
        absent = sorted(needed - done)[0]
        raise ArtifactError(f"{absent}: is not reached from {first}, and {first} is the only input")
    return order, late


def _breadth_first(network: NirNetwork, first: str) -> Iterator[str]:
    pending, reached = deque([first]), {first}
    while pending:
        name = pending.popleft()
        yield name
        for reader in network.readers(name):
            if reader not in reached:
                reached.add(reader)
                pending.append(reader)


def _require_memory(
    network: NirNetwork, source: str, reader: str, remembers: Callable[[NirNode], bool]
) -> None:
    """Check that a loop which an edge closes has a neuron or a delay.

    Raises:
        ArtifactError: if not; names the loop.
    """
    if remembers(network.nodes[source]) or remembers(network.nodes[reader]):
        return

    def onward(name: str) -> tuple[str, ...]:
        return tuple(n for n in network.readers(name) if not remembers(network.nodes[n]))

    if source in _reached(reader, onward):
        raise ArtifactError(
            f"the loop {reader} -> ... -> {source} -> {reader} has no neuron and no delay, so "
            "its values need themselves",
            remedy="put a Delay or neurons into the loop",
        )


def _delay_behind(network: NirNetwork, source: str, delays: Mapping[str, int]) -> Iterator[str]:
    """Yield the delay that an edge back comes from, if nothing but weights is between them."""
    name = source
    for _ in network.nodes:
        if delays.get(name, 0) > 0:
            yield name
            return
        sources = network.sources(name)
        if network.nodes[name].kind in NEURONS or len(sources) != 1:
            return
        name = sources[0]


def _with_early_biases(
    network: NirNetwork, order: list[str], late: list[Edge]
) -> tuple[list[str], list[Edge]]:
    """Return the order in which neurons' edges wait, where sums with a bias lead back."""
    order, moved = list(order), list[Edge]()
    for source, reader in late:
        weights = _behind_passes(network, source)
        node, read = network.nodes[weights], network.sources(weights)
        bias = node.numbers.get("bias")
        waits = len(read) == 1 and network.nodes[_behind_passes(network, read[0])].kind in NEURONS
        if node.kind != "Affine" or bias is None or not bias.any() or not waits:
            moved.append((source, reader))
            continue
        moved.append((read[0], weights))
        order.remove(weights)
        order.insert(order.index(reader), weights)
    return order, moved


def _behind_passes(network: NirNetwork, name: str) -> str:
    """Return the node whose value a node hands on."""
    for _ in network.nodes:
        sources = network.sources(name)
        if network.nodes[name].kind != PASS or len(sources) != 1:
            break
        name = sources[0]
    return name
