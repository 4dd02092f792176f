"""Pass over programs: branches become a chain of layers that computes the same spikes.

1. Layers of one level stand side by side in one layer: their channels, or neurons, are joined.
2. Relays hand spikes on to later levels; a spike sent on arrives in the same step of the samples.
3. Sums and concatenations become joined weights, a max pool of spikes a layer of OR neurons.
4. Images of unlike strides share a grid; each is held in as many phases as it is finer.
5. A level that holds one layer, which reads the whole level before it, keeps its nodes.
A program that is refused is one whose spikes a chain cannot give exactly; the error names why.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurodeploy.data.structure import Edge
from neurodeploy.lowering.chain.branches import Branches, Unit, branches_of
from neurodeploy.lowering.chain.dense_weights import joined_loop, joined_matrix
from neurodeploy.lowering.chain.form import ChainForm
from neurodeploy.lowering.chain.grid import Layer, layers_of
from neurodeploy.lowering.chain.image_weights import joined_kernel
from neurodeploy.lowering.chain.levels import Levels, levels_of
from neurodeploy.lowering.chain.neurons import has_surplus, joined_neurons
from neurodeploy.program import Conv2d, Dense, Flatten, Node, Program
from snncore.dynamics.zoo.readout import shows_voltage


def to_chain(program: Program, form: ChainForm) -> Program:
    """Return the chain of layers that gives the spikes of a program with branches.

    Raises:
        DoesNotFitError: if no chain does; names the layer and another target.
    """
    branches = branches_of(program, form)
    levels = levels_of(branches)
    layers = layers_of(branches, levels)
    build = _Build(branches, levels, layers)
    for level in range(1, len(layers)):
        build.append(level)
    return Program(tuple(build.nodes), build.nodes[-1].name)


class _Build:
    """The nodes of the chain so far."""

    def __init__(self, branches: Branches, levels: Levels, layers: tuple[Layer, ...]) -> None:
        self.branches, self.levels, self.layers = branches, levels, layers
        self.nodes: list[Node] = list(branches.head)
        self.names = set(branches.program.by_name)

    def append(self, level: int) -> None:
        """Append a layer: a flatten where it is needed, weights, a loop and neurons."""
        before, layer = self.layers[level - 1], self.layers[level]
        source, name = self.nodes[-1].name, self._layer_name(level)
        if layer.placed is None and len(before.shape) > 1:
            source = self._fresh(f"{name}.flatten")
            self.nodes.append(Flatten(source, Edge(self.nodes[-1].name)))
        weights = self._weights(level, source, name)
        loop = joined_loop(f"{name}.feedback", name, self.branches, layer)
        loop = None if loop is None else replace(loop, name=self._loop_name(level, name))
        self._require_no_delays(level, weights, loop)
        inputs = tuple(Edge(node.name) for node in (weights, loop) if node is not None)
        self.nodes += [node for node in (weights, loop) if node is not None]
        alone = self._alone(level)
        if alone is not None and alone.neuron is not None:
            self.nodes.append(replace(alone.neuron, inputs=inputs))
            return
        self._require_spikes(level)
        self._require_silence(level, weights)
        args = (inputs, weights.exponent, self.branches, layer)
        self.nodes.append(joined_neurons(name, *args))

    def _require_spikes(self, level: int) -> None:
        """Check that no readout is among the neurons that are joined.

        Raises:
            DoesNotFitError: if one is.
        """
        for slot in self.layers[level].slots:
            neuron = None if slot.relay else self.branches.units[slot.name].neuron
            if neuron is not None and shows_voltage(neuron.equations):
                reason = "is a readout, and a chain keeps one behind dense weights or a convolution"
                remedy = "put layer.Linear before the readout, with nothing between them"
                raise self.branches.refusal(neuron, reason, remedy)

    def _alone(self, level: int) -> Unit | None:
        """Return the layer of the network that a level is, in its own shape, if it is one."""
        (first, *more), layer = self.layers[level].slots, self.layers[level]
        whole = not more and not first.relay and layer.shape == self.branches.shape(first.name)
        return self.branches.units[first.name] if whole else None

    def _layer_name(self, level: int) -> str:
        alone = self._alone(level)
        if alone is not None and alone.neuron is not None:
            return alone.name
        return self._fresh(f"level{level}")

    def _weights(self, level: int, source: str, name: str) -> Dense | Conv2d:
        """Return the layer's weights: its own, where it reads the whole level before it alone."""
        layer, before = self.layers[level], self.layers[level - 1]
        args = (source, self.branches, self.levels, self.layers, level)
        alone = self._alone(level)
        own = alone.drives[0].node if alone is not None and len(alone.drives) == 1 else None
        label = self._fresh(f"{name}.synapse") if own is None else own.name
        whole = before.shape == self.branches.shape(before.slots[0].name)
        straight = layer.placed is not None or isinstance(own, Dense)
        if own is not None and len(before.slots) == 1 and whole and straight:
            return replace(own, source=Edge(source))
        if layer.placed is not None:
            return joined_kernel(label, *args)
        return joined_matrix(label, *args)

    def _loop_name(self, level: int, name: str) -> str:
        alone = self._alone(level)
        if alone is not None and alone.loop is not None:
            return alone.loop.name
        return self._fresh(f"{name}.feedback")

    def _fresh(self, name: str) -> str:
        """Return a name that no node has, as near to this one as there is."""
        while name in self.names:
            name += "_"
        self.names.add(name)
        return name

    def _require_no_delays(self, level: int, weights: Dense | Conv2d, loop: Dense | None) -> None:
        if loop is None or not isinstance(weights, Dense) or weights.delays is None:
            return
        slots = self.layers[level].slots
        units = [self.branches.units[slot.name] for slot in slots if not slot.relay]
        late = next(
            drive.node
            for unit in units
            for drive in unit.drives
            if isinstance(drive.node, Dense) and drive.node.delays is not None
        )
        back = next(unit for unit in units if unit.loop is not None)
        reason = f"waits beside the recurrent {back.name}, and a layer has loops or delays"
        raise self.branches.refusal(late, reason, "leave the delays out, or the recurrence")

    def _require_silence(self, level: int, weights: Dense | Conv2d) -> None:
        """Check that neurons beyond a smaller image stay silent, whatever reaches them."""
        layer, form = self.layers[level], self.branches.form
        for slot, placed in (layer.placed or {}).items():
            if slot.relay or not has_surplus(placed, layer.shape):
                continue
            rows = weights.narrow_weight[placed.first : placed.first + placed.count]
            sums = np.abs(rows.astype(np.int64)).reshape(len(rows), -1).sum(axis=1)
            if sums.max() > form.most_silent:
                unit = self.branches.units[slot.name]
                node = unit.neuron if unit.neuron is not None else unit.drives[0].node
                reason = f"is smaller than what stands beside it, and sums reach {sums.max()}"
                raise self.branches.refusal(node, reason, "pad the images to one size")
