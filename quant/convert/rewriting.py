"""The rewriting of a float network's calls: neurons absorb the weights that drive them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatchmethod
from math import prod
from typing import Any

import torch
from torch import fx, nn

from quant.convert.functions import (
    called_name,
    complemented,
    decodes,
    ends,
    factors_of,
    is_sum,
    kind_name,
    read_instead,
    unread,
)
from quant.convert.layers import (
    Conversion,
    DrivingPart,
    adding_pool,
    refuse_gaps,
    votes_as_weights,
    whole_attention,
)
from quant.convert.recurrent import recurrent_parts
from quant.convert.terms import IDLE as _IDLE
from quant.convert.terms import SAME as _SAME
from quant.convert.terms import WEIGHTS as _WEIGHTS
from quant.convert.terms import Term, Walk
from quant.layer.attention import SpikeAttention
from quant.layer.block import Block
from quant.layer.encoder import InputEncoder
from quant.layer.synapse import GridLayer
from quant.neuron.chip_neuron import ChipNeuron
from snncore import layer, neuron
from snncore.dispatch import for_kinds

_POOLS = (layer.AvgPool2d, layer.AdaptiveAvgPool2d, layer.AdaptiveSumPool2d, layer.SumPool2d)
# The name of the readout of a sum of layers.
_SUMS = "readout"
_FLATTENS = (torch.flatten, "flatten")
_NORMS = (layer.BatchNorm, layer.GroupNorm)
_OTHERS = (layer.Vote, layer.SpikeAttention, neuron.Neuron, layer.Recurrent)
KNOWN = (*_WEIGHTS, *_NORMS, *_OTHERS, *_POOLS, *_SAME, *_IDLE)


class Rewriting(Walk):
    """A walk through the calls in order; each layer of neurons absorbs what drives it."""

    def __init__(self, module: fx.GraphModule, conversion: Conversion) -> None:
        super().__init__(module)
        self.conversion = conversion
        # How much larger a value is than in the float network, where sums replace means.
        self.gain: dict[fx.Node, float] = {}
        # The largest size of a value: more than 1 behind a pool, an encoder or neurons that count.
        self.largest: dict[fx.Node, int] = {}
        # The values that are an encoder's integers.
        self.encoded: set[fx.Node] = set()
        # The new layers by path.
        self.put: set[str] = set()
        # By name, the ratio of a pool that adds up to the float one; it may be called again.
        self.pools: dict[str, float] = {}

    def run(self) -> None:
        """Rewrite the whole network.

        Raises:
            ValueError: if the chip cannot have a layer; names it.
        """
        for node in list(self.module.graph.nodes):
            if ends(node):
                self._read_out(node)
            self._visit(node)
        if self.waiting:
            raise ValueError(unread(next(n for n in self.module.graph.nodes if n in self.waiting)))
        self.module.delete_all_unused_submodules()
        self.module.recompile()

    def _visit(self, node: fx.Node) -> None:
        if not self.encoded.isdisjoint(node.all_input_nodes):
            self.encoded.add(node)
        factors = factors_of(node)
        if factors is not None or complemented(node) is not None:
            self._multiply(node, factors)
            return
        gains = {self.gain[source] for source in node.all_input_nodes}
        if len(gains) > 1 and not is_sum(node):
            raise ValueError(f"{node.name}: takes both means and other values")
        self.gain[node] = max(gains, default=1.0)
        sizes = [self.largest[source] for source in node.all_input_nodes]
        self.largest[node] = sum(sizes) if is_sum(node) else max(sizes, default=1)
        if node.op != "call_module":
            self._refuse_words(node)
            return
        self._rewrite(self._of(node), node, str(node.target))

    @singledispatchmethod
    def _rewrite(self, module: Any, node: fx.Node, name: str) -> None:
        """Replace a layer by its quantized form."""
        raise ValueError(
            f"{name}: {kind_name(module)} has no quantized form (use layer.Conv2d, "
            "layer.Linear, pools, batch norms, Flatten, Delay, Recurrent and neurons)"
        )

    def _multiply(self, node: fx.Node, factors: tuple[fx.Node, fx.Node] | None) -> None:
        """Take a product of spikes or counts, or one minus spikes, of which a product is made."""
        self._refuse_sums(node)
        if factors is not None:
            self.gain[node] = prod(self.gain[each] for each in factors)
            self.largest[node] = prod(self.largest[each] for each in factors)
            return
        (source,) = node.all_input_nodes
        if any(factors_of(reader) is None for reader in node.users) or not self._fires(source):
            raise ValueError(
                f"{node.name}: takes {source.name} from one, which chips do for spikes in a "
                "product (write a * (1 - b) of what two layers of neurons send)"
            )
        self.gain[node], self.largest[node] = 1.0, 1

    def _fires(self, node: fx.Node) -> bool:
        """Return whether all values are 0 or 1."""
        module = self._of(node)
        neurons = getattr(module, "neuron", getattr(module, "body", module))
        if isinstance(neurons, ChipNeuron):
            return neurons.sends_bits
        kept = isinstance(module, (*_SAME, *_IDLE)) or node.target in _FLATTENS
        kept = kept or factors_of(node) is not None or complemented(node) is not None
        return node.op == "placeholder" or (kept and all(map(self._fires, node.all_input_nodes)))

    @for_kinds(_rewrite, layer.SpikeAttention)
    def _attention(self, module: layer.SpikeAttention, node: fx.Node, name: str) -> None:
        self._refuse_sums(node)
        read = [each for each in (*node.args, *node.kwargs.values()) if isinstance(each, fx.Node)]
        attention, most = whole_attention(module, name, max(self.largest[each] for each in read))
        self._put(name, attention)
        self.gain[node] = prod(self.gain[each] for each in read) / module.scale
        self.largest[node] = most

    @for_kinds(_rewrite, Block, ChipNeuron, GridLayer, SpikeAttention)
    def _quantized(self, module: nn.Module, node: fx.Node, name: str) -> None:
        called = name in self.put
        why = "is called twice (give each call a layer of its own)"
        other = "is on a chip's grid already (prepare takes a network in floats)"
        raise ValueError(f"{name}: {why if called else other}")

    @for_kinds(_rewrite, InputEncoder)
    def _encoder(self, module: InputEncoder, node: fx.Node, name: str) -> None:
        """Note how much larger the integers are than the values that they stand for."""
        self.gain[node], self.largest[node] = 2.0**-module.form.exponent, module.form.largest
        self.encoded.add(node)

    @for_kinds(_rewrite, *_POOLS)
    def _pool(self, module: nn.Module, node: fx.Node, name: str) -> None:
        self._refuse_sums(node)
        if name not in self.pools:
            pool, self.pools[name] = adding_pool(module, name)
            self._put(name, pool)
        self.gain[node] *= self.pools[name]
        adding: Any = self._of(node)
        self.largest[node] *= prod(adding.kernel_size)

    @for_kinds(_rewrite, *_WEIGHTS, layer.BatchNorm)
    def _weights(self, module: nn.Module, node: fx.Node, name: str) -> None:
        self.waiting.add(node)

    @for_kinds(_rewrite, layer.Vote)
    def _votes(self, module: layer.Vote, node: fx.Node, name: str) -> None:
        """Take a vote as weights, which the neurons or the readout behind it read."""
        self._put(name, votes_as_weights(module, name))
        self.waiting.add(node)

    @for_kinds(_rewrite, *_SAME)
    def _kept(self, module: nn.Module, node: fx.Node, name: str) -> None:
        if not self._pools_sums(node):
            self._refuse_sums(node)
        refuse_gaps(module, name)

    @for_kinds(_rewrite, layer.GroupNorm)
    def _groups(self, module: nn.Module, node: fx.Node, name: str) -> None:
        raise ValueError(
            f"{name}: a group norm divides by the spread of every sample, which no chip's integers "
            "do (use layer.BatchNorm2d, which is folded into the weights before it)"
        )

    @for_kinds(_rewrite, *_IDLE)
    def _idle(self, module: nn.Module, node: fx.Node, name: str) -> None:
        """Keep a layer that does nothing after training."""

    @for_kinds(_rewrite, neuron.Neuron)
    def _neurons(self, module: neuron.Neuron, node: fx.Node, name: str) -> None:
        terms = self._terms(node.all_input_nodes[0])
        top, weights = terms[0].top, terms[0].weights
        bare = len(terms) == 1 and weights is None
        if len(terms) == 1 and weights is not None and not terms[0].pooled:
            self._block(node, module, name, terms[0], weights)
        elif bare and isinstance(self._of(top), layer.SumPool2d):
            self._pooled(node, module, name, top)
        elif bare and top in self.encoded:
            conversion, size = self._conversion(terms), (self.gain[top], self.largest[top])
            self._put(name, conversion.encoded(module, name, *size))
        elif bare and self.gain[top] != 1.0:
            size = (self.gain[top], self.largest[top])
            self._put(name, self.conversion.attended(module, name, *size))
        else:
            self._put(name, self._joined(module, name, terms)[0])
        self._sends(node, name)

    @for_kinds(_rewrite, layer.Recurrent)
    def _recurrent(self, module: layer.Recurrent, node: fx.Node, name: str) -> None:
        """Replace neurons that read their own previous spikes through weights."""
        body, feedback = recurrent_parts(module, name)
        terms = self._terms(node.all_input_nodes[0])
        sent = self.conversion.largest_sent(body, name)
        neurons, within = self._joined(body, name, terms, [DrivingPart(feedback, None, 1.0, sent)])
        self._put(name, layer.Recurrent(neurons, *within, step_mode=module.step_mode))
        neurons.driven_by += (f"{name}.feedback",)
        self._sends(node, f"{name}.body")

    def _read_out(self, node: fx.Node) -> None:
        """Give weights whose sums are the network's output a readout, which shows them."""
        for top in node.all_input_nodes:
            terms = self._terms(top)
            weights = terms[0].weights
            if weights is None or not self.waiting.intersection({term.weights for term in terms}):
                continue
            sums = neuron.LeakyIntegrator(tau=1.0, decay_input=False)
            if len(terms) == 1 and not terms[0].pooled:
                # The readout has the name of its weights.
                with self.module.graph.inserting_after(top):
                    call = self.module.graph.call_module(str(weights.target), (top,))
                read_instead(top, call)
                self._block(call, sums, str(weights.target), terms[0], weights)
            else:
                self._put(_SUMS, self._joined(sums, _SUMS, terms)[0])
                with self.module.graph.inserting_after(top):
                    call = self.module.graph.call_module(_SUMS, (top,))
                read_instead(top, call)
            self.gain[call], self.largest[call] = 1.0, 1
            self.encoded.discard(call)

    def _block(
        self, node: fx.Node, module: neuron.Neuron, name: str, term: Term, weights: fx.Node
    ) -> None:
        source = weights.all_input_nodes[0]
        block = self._conversion([term]).block(self._part(term, weights), module, name)
        self._put(name, block)
        node.replace_input_with(term.top, source)
        for call in term.chain:
            self._drop(call)

    def _pooled(self, node: fx.Node, module: neuron.Neuron, name: str, pool: fx.Node) -> None:
        kernel: Any = self._of(pool)
        conversion = self._conversion([Term(pool)])
        self._put(name, conversion.pooled(kernel, module, name, self.gain[pool]))
        node.replace_input_with(pool, pool.all_input_nodes[0])
        self._drop(pool)

    def _joined(
        self, module: neuron.Neuron, name: str, terms: list[Term], inner: Sequence[DrivingPart] = ()
    ) -> tuple[ChipNeuron, list[GridLayer]]:
        """Return neurons driven by a sum of weights and spikes, and the weights within them."""
        weighing = [(term, term.weights) for term in terms if term.weights is not None]
        parts = [self._part(term, weights) for term, weights in weighing]
        bare = [self.gain[term.top] for term in terms if term.weights is None]
        conversion = self._conversion(terms)
        neurons, synapses = conversion.joined([*parts, *inner], module, name, bare)
        for (term, weights), synapse in zip(weighing, synapses[: len(parts)], strict=True):
            self._put(str(weights.target), synapse)
            self.waiting.discard(weights)
            if term.norm is not None:
                term.norm.replace_all_uses_with(term.norm.all_input_nodes[0])
                self._drop(term.norm)
        neurons.driven_by = tuple(str(weights.target) for _, weights in weighing)
        neurons.adds_spikes = bool(bare)
        return neurons, synapses[len(parts) :]

    def _conversion(self, terms: Sequence[Term]) -> Conversion:
        """Return the converter of layers that such terms drive."""
        encoded = any(term.top in self.encoded for term in terms)
        return self.conversion.graded if encoded else self.conversion

    def _part(self, term: Term, weights: fx.Node) -> DrivingPart:
        norm: Any = None if term.norm is None else self._of(term.norm)
        source, module = weights.all_input_nodes[0], self._of(weights)
        if isinstance(module, GridLayer):
            # Other neurons, which have their own unit, took it before.
            raise _read_twice(weights)
        return DrivingPart(module, norm, self.gain[source], self.largest[source])

    def _sends(self, node: fx.Node, name: str) -> None:
        """Note what the neurons of a layer send: plain spikes, or counts of them."""
        block = self.module.get_submodule(name)
        neurons = block.neuron if isinstance(block, Block) else block
        assert isinstance(neurons, ChipNeuron)
        self.gain[node], self.largest[node] = 1.0, neurons.largest_sent
        self.encoded.discard(node)

    def _drop(self, node: fx.Node) -> None:
        if node.users:
            raise _read_twice(node)
        self.waiting.discard(node)
        self.module.graph.erase_node(node)

    def _refuse_words(self, node: fx.Node) -> None:
        """Check that chips can do what is called, and that the network outputs spikes."""
        words = node.op in ("call_function", "call_method")
        is_known = not words or is_sum(node) or node.target in _FLATTENS
        is_known = is_known or decodes(node)
        if not is_known and not self.waiting.intersection(node.all_input_nodes):
            raise ValueError(
                f"{node.name}: {called_name(node)} of spikes is not what chips do (a forward may "
                "call layers, add their results and flatten them)"
            )
        for source in node.all_input_nodes if node.op == "output" else ():
            if isinstance(self._of(source), (*_POOLS, layer.MaxPool1d, layer.MaxPool2d)):
                raise ValueError(
                    f"{source.target}: no neurons read it, and a chip outputs spikes or sums "
                    "(append neurons or layer.Linear, or pool what the chip outputs)"
                )

    def _put(self, path: str, module: nn.Module) -> None:
        parent, _, name = path.rpartition(".")
        setattr(self.module.get_submodule(parent), name, module)
        self.put.add(path)


def _read_twice(node: fx.Node) -> ValueError:
    """Return the error of currents that several layers read, which have no unit of their own."""
    return ValueError(
        f"{node.target}: neurons and something else read it (give each one; in blocks, put "
        "neurons before the sum, as models.sew_resnet18 and models.Spikformer do)"
    )
