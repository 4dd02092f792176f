"""The fast engine: the same program in torch, whole sequences at once, equal on every bit."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Shape
from neurodeploy.program import (
    Arithmetic,
    Conv2d,
    Dense,
    Edge,
    Input,
    MaxPool2d,
    Neuron,
    Program,
    Selection,
    Synapse,
)
from neurodeploy.program.ranges import ranges
from neurodeploy.simulator.carrier import exact_matmul_type
from neurodeploy.simulator.engine.compiled import (
    Compiled,
    first_choice,
    is_worth_compiling,
    products_run,
)
from neurodeploy.simulator.engine.order import has_loop, last_reads
from neurodeploy.simulator.integers import Sums, integer_sums, pooled_bytes
from neurodeploy.simulator.layers import LayerRun, States, compiled_layer, torch_layer
from neurodeploy.simulator.moving import TorchWords
from neurodeploy.simulator.samples import checked_integers, range_of_tensor
from neurodeploy.simulator.weights import channels_of, exact_weights, may_wrap
from neurodeploy.trace import LayerTrace, Trace
from snncore.dynamics.arithmetic.interval import ZERO, Interval
from snncore.dynamics.sent import sends_spikes
from snncore.kernels.cpp.products import HIGHEST_BYTE, by_channel, empty, order_of

# The most samples at once, and the most sums of a layer: its states stay in the processor's cache.
_BATCH, _SUMS = 64, 1 << 22
# On a GPU, sums fit its memory, and their places 32 bits.
_SUMS_ON_GPU = 1 << 30
# Time and batch come before the axes of a sample.
_WORDS = TorchWords(2)
# By layer: spikes, and states if they are recorded.
Arrays = dict[str, dict[str, Tensor]]


def run_fast(
    program: Program,
    samples: NDArray[Any],
    *,
    states: bool = True,
    device: str | torch.device = "cpu",
    compiled: bool | None = None,
    again: bool = True,
) -> Trace:
    """Return the trace of the samples (T, N, ...); without `states`, spikes alone.

    On a CPU, neurons and products run in C++ where they are compiled; by default, where that is
    worth it, or where it was done before. On a GPU they run in Triton. The prepared engine is kept
    for more samples unless `again` is false.

    Raises:
        SamplesError: if the samples do not fit the program's input.
        UnknownKindError: if the engine does not know a kind of node.
    """
    checked = checked_integers(program, samples)
    seen = Interval(int(checked.min()), int(checked.max()))
    where = torch.device(device)
    prepared = _engine if again else Engine
    engine = prepared(program, seen, where, first_choice(compiled, where))
    if engine.lacks and (compiled or (compiled is None and is_worth_compiling(program, checked))):
        engine = prepared(program, seen, where, Compiled.ALL)
    recorded = engine.run(checked, states=states)
    layers = {
        node.name: LayerTrace(
            {key: value.cpu().numpy() for key, value in recorded[node.name].items()},
            sends_spikes(node.equations),
        )
        for node in program.layers
    }
    return Trace(layers, program.output, program.readout)


def run_tensors(program: Program, samples: Tensor, *, states: bool = False) -> Arrays:
    """Return by layer what it sends, and its states if wanted, where the samples (T, N, ...) lie.

    On a GPU nothing goes through the host but the check of the samples, which are the program's
    integers in any type.

    Raises:
        SamplesError: if the samples do not fit the program's input.
    """
    seen = range_of_tensor(program, samples)
    where = samples.device
    return _engine(program, seen, where, first_choice(None, where)).run(samples, states=states)


class Engine:
    """A program made ready for one device and one range of inputs."""

    def __init__(
        self,
        program: Program,
        inputs: Interval,
        device: torch.device,
        compiled: Compiled,
        keeps: bool = False,
    ) -> None:
        self.program = program
        self.device = device
        self.ranges = ranges(program, inputs.hull(ZERO))
        self.on_gpu = compiled == Compiled.TRITON
        # Whether weights and images go through the processor's products of integers.
        self.integers = products_run(compiled)
        # One type for all steps: edges with a delay join those of several.
        is_bytes = inputs.low >= 0 and inputs.high <= HIGHEST_BYTE
        narrow = (self.integers or self.on_gpu) and is_bytes
        self.input_type = torch.uint8 if narrow else exact_matmul_type(inputs.largest())
        # Whether a compiler would bring more.
        self.lacks = compiled == Compiled.BEFORE and not self.integers
        # A loop is computed a step at a time, everything else a sequence at a time.
        self.looped = has_loop(program)
        self.layers = {node.name: self._layer(node, compiled) for node in program.layers}
        # By layer of weights, once it was needed: those of each delay, or all of them.
        self._weights: dict[str, list[Tensor]] = {}
        self._sums: dict[str, Sums | None] = {}
        self._keeps = keeps or self.looped
        self.longest = program.late_sources
        # The function for each kind is looked up once, not for every chunk.
        self.computed = [(node, _VALUE.of(node)) for node in program.nodes]
        self.drives = {node.name: tuple(node.drives.values()) for node in program.layers}
        self.read = last_reads(program, self.longest)
        # Those whose sum might leave its accumulator.
        self.wrapping = {
            node.name
            for node in program.nodes
            if isinstance(node, Synapse) and may_wrap(node, self.ranges)
        }

    @torch.no_grad()
    def run(self, samples: NDArray[np.int64] | Tensor, *, states: bool) -> Arrays:
        """Return the layers' arrays, computed one batch after another."""
        steps, count = samples.shape[:2]
        arrays = self.arrays(steps, count, states)
        chunk = 1 if self.looped else steps
        most = steps * max(map(prod, self.program.shapes.values()))
        batch = _SUMS_ON_GPU // most if self.on_gpu else _BATCH
        batch = max(1, min(batch, _SUMS // most) if self.integers else batch)
        for first in range(0, count, batch):
            part = slice(first, first + batch)
            inputs = self._inputs(samples[:, part])
            keep = {
                layer: {key: value[:, part] for key, value in values.items()}
                for layer, values in arrays.items()
            }
            run = FastRun(self, inputs.shape[1], keep)
            for start in range(0, steps, chunk):
                run.advance(inputs[start : start + chunk])
        return arrays

    def _inputs(self, samples: NDArray[np.int64] | Tensor) -> Tensor:
        if isinstance(samples, Tensor):
            return samples
        integers = torch.from_numpy(np.ascontiguousarray(samples))
        # Few bytes go to a GPU.
        return integers.to(self.input_type).to(self.device) if self.on_gpu else integers

    def arrays(self, steps: int, count: int, states: bool) -> Arrays:
        """Return room for what every layer shows in these steps."""
        arrays: Arrays = {}
        for node in self.program.layers:
            shape = self.program.shapes[node.name]
            kinds = {"s": torch.int64 if node.graded else torch.uint8}
            kinds |= dict.fromkeys(node.equations.states if states else (), torch.int64)
            arrays[node.name] = {
                key: self._empty((steps, count), shape, kind) for key, kind in kinds.items()
            }
        return arrays

    def _empty(self, batch: Shape, shape: Shape, kind: torch.dtype) -> Tensor:
        size = (*batch, *order_of(shape))
        if self.device.type == "cpu":
            return by_channel(empty(size, kind))
        return by_channel(torch.empty(size, dtype=kind, device=self.device))

    def _layer(self, node: Neuron, compiled: Compiled) -> LayerRun:
        proved = self.ranges.layers[node.name]
        if compiled != Compiled.NONE and node.ports is None and not node.graded:
            terms = sum(self.ranges.values[edge.source].largest() for edge in node.inputs)
            quick: LayerRun | None
            if self.on_gpu:
                from neurodeploy.simulator.engine.on_gpu import Setting, gpu_layer

                setting = Setting(self.program.shapes[node.name], self.device, self.looped)
                quick = gpu_layer(node, proved, terms, setting)
            else:
                quick = compiled_layer(node, proved, terms, build=compiled == Compiled.ALL)
            if quick is not None:
                return quick
            self.lacks |= compiled == Compiled.BEFORE
        return torch_layer(node, proved, self.device)

    def sums(self, node: Synapse) -> Sums | None:
        """Return a layer's sums in integers, or None if it is left to floats."""
        if not (self.integers or self.on_gpu) or node.name in self._sums:
            return self._sums.get(node.name)
        source = self.ranges.values[node.source.source].hull(ZERO)
        sums: Sums | None
        if self.on_gpu:
            from neurodeploy.simulator.engine.on_gpu import gpu_sums

            sums = gpu_sums(node, self.program, source, self.device)
        else:
            sums = integer_sums(node, self.program, source)
        if self._keeps:
            self._sums[node.name] = sums
        return sums

    def weights(self, node: Synapse) -> list[Tensor]:
        """Return a layer's weights in a type that is exact; keep them if they are needed again."""
        weights = self._weights.get(node.name)
        if weights is None:
            largest = self.ranges.values[node.source.source].largest()
            weights = exact_weights(node, self.program, largest, self.device)
            if self._keeps:
                self._weights[node.name] = weights
        return weights


@lru_cache(maxsize=2)
def _engine(program: Program, inputs: Interval, device: torch.device, compiled: Compiled) -> Engine:
    """Return an engine, kept for the next samples of the same range."""
    return Engine(program, inputs, device, compiled, keeps=True)


class FastRun:
    """One pass over a batch: values of this chunk, states and histories across chunks."""

    def __init__(self, engine: Engine, count: int, keep: Arrays) -> None:
        self.engine, self.count, self.keep = engine, count, keep
        self.values: dict[str, Tensor] = {}
        self.past: dict[str, Tensor] = {}
        self.states: dict[str, States] = {}
        # Steps before this chunk, and in it.
        self.done = self.steps = 0

    def advance(self, inputs: Tensor) -> None:
        """Take every node through another chunk of steps."""
        self.steps = inputs.shape[0]
        self.values = {}
        for node, value in self.engine.computed:
            self.values[node.name] = value(node, self, inputs)
            for source in self.engine.read[node.name]:
                del self.values[source]
        for source, steps in self.engine.longest.items():
            last = self.values[source]
            joined = torch.cat((self._before(source).to(last.dtype), last))
            self.past[source] = joined[-steps:]
        self.done += self.steps

    def _before(self, source: str) -> Tensor:
        """Return a source's values before this chunk, as many steps as its latest reader needs."""
        if source not in self.past:
            shape = (self.engine.longest[source], self.count, *self.engine.program.shapes[source])
            later = self.values.get(source)
            kind = torch.float32 if later is None else later.dtype
            self.past[source] = torch.zeros(shape, dtype=kind, device=self.engine.device)
        return self.past[source]

    def value(self, edge: Edge) -> Tensor:
        """Return the values of this chunk that an edge brings."""
        if not edge.delay:
            return self.values[edge.source]
        before = self._before(edge.source)[-edge.delay :]
        if self.steps <= edge.delay:
            return before[: self.steps]
        # Longer than the delay means no loop, so this chunk's values are there.
        return torch.cat((before, self.values[edge.source]))[: self.steps]

    def wrapped(self, node: Synapse, total: Tensor) -> Tensor:
        """Return sums as their register stores them."""
        if node.name not in self.engine.wrapping:
            return total
        half = 1 << (node.accumulator_bits - 1)
        return torch.remainder(total.double() + half, 2 * half) - half

    def _sum(self, edges: tuple[Edge, ...]) -> Tensor:
        total = self.value(edges[0])
        if len(edges) > 1:
            proved = self.engine.ranges.values
            kind = exact_matmul_type(sum(proved[edge.source].largest() for edge in edges))
            for edge in edges[1:]:
                total = total.to(kind) + self.value(edge).to(kind)
        return total

    def neurons(self, node: Neuron) -> Tensor:
        """Take a layer through this chunk, and return what it sends."""
        layer = self.engine.layers[node.name]
        ports = self.engine.drives[node.name]
        if layer.adds:
            drives = [self.value(edge) for edges in ports for edge in edges]
        else:
            drives = [self._sum(edges) for edges in ports]
        states = self.states.get(node.name, ())
        chunk = slice(self.done, self.done + self.steps)
        keep = {key: value[chunk] for key, value in self.keep[node.name].items()}
        spikes, self.states[node.name] = layer.run(drives, states, keep)
        return spikes


# A node's value over a chunk of a run, given that chunk of the samples.
_VALUE = KindTable[[FastRun, Tensor], Tensor]("the fast engine")


@_VALUE.register(Input)
def _input(node: Input, run: FastRun, inputs: Tensor) -> Tensor:
    return inputs.to(run.engine.input_type)


@_VALUE.register(Neuron)
def _neurons(node: Neuron, run: FastRun, inputs: Tensor) -> Tensor:
    return run.neurons(node)


@_VALUE.register(Dense)
def _dense(node: Dense, run: FastRun, inputs: Tensor) -> Tensor:
    """Return the sum over all delays, each weighed and shifted by itself."""
    if (sums := run.engine.sums(node)) is not None:
        return run.wrapped(node, sums(run.value(node.sources[0])))
    total: Tensor | None = None
    for edge, weight in zip(node.sources, run.engine.weights(node), strict=True):
        part = channels_of(run.value(edge).to(weight.dtype), weight.shape[1]) @ weight.T
        part = torch.floor(part * 2.0**-node.shift) if node.shift else part
        total = part if total is None else total + part
    assert total is not None
    return run.wrapped(node, total)


@_VALUE.register(Conv2d)
def _conv2d(node: Conv2d, run: FastRun, inputs: Tensor) -> Tensor:
    x = run.value(node.source)
    if (sums := run.engine.sums(node)) is not None:
        return run.wrapped(node, sums(x))
    (weight,) = run.engine.weights(node)
    flat = x.reshape(-1, *x.shape[2:]).to(weight.dtype)
    result = torch.nn.functional.conv2d(
        flat, weight, None, node.stride, node.padding, node.dilation, node.groups
    )
    if result.is_cuda:
        # There a convolution may go through transforms that round.
        result = result.round_()
    result = run.wrapped(node, result)
    return result.reshape(*x.shape[:2], *result.shape[1:])


@_VALUE.register(MaxPool2d)
def _max_pool(node: MaxPool2d, run: FastRun, inputs: Tensor) -> Tensor:
    x = run.value(node.source)
    if run.engine.on_gpu and x.dtype in (torch.uint8, torch.int32):
        from neurodeploy.simulator.engine.on_gpu import gpu_pooled

        return gpu_pooled(x, node.kernel, node.stride, node.padding)
    if run.engine.integers and x.dtype == torch.uint8:
        return pooled_bytes(x, node.kernel, node.stride, node.padding)
    if x.dtype in (torch.uint8, torch.int32):
        x = x.double()
    pooled = torch.nn.functional.max_pool2d(
        x.reshape(-1, *x.shape[2:]), node.kernel, node.stride, node.padding
    )
    return pooled.reshape(*x.shape[:2], *pooled.shape[1:])


@_VALUE.register(Selection)
def _selected(node: Selection, run: FastRun, inputs: Tensor) -> Tensor:
    values = [run.value(edge) for edge in node.sources]
    return node.spelled(_WORDS, values, run.engine.program.shapes[node.name])


@_VALUE.register(Arithmetic)
def _computed(node: Arithmetic, run: FastRun, inputs: Tensor) -> Tensor:
    shape, proved = run.engine.program.shapes[node.name], run.engine.ranges.values
    sources = [proved[edge.source].hull(ZERO) for edge in node.sources]
    kind = exact_matmul_type(node.largest_sum(sources, shape))
    values = [run.value(edge).to(kind) for edge in node.sources]
    return node.spelled(_WORDS, values, shape)
