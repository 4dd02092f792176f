"""The fast engine: the same program in torch, whole sequences at once, equal on every bit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neurodeploy.program import (
    Conv2d,
    Dense,
    Edge,
    Flatten,
    Input,
    MaxPool2d,
    Neuron,
    Node,
    Program,
)
from neurodeploy.program.ranges import Ranges, ranges, sum_range
from neurodeploy.simulator.carrier import CarriedStep, carried_step, exact_matmul_type
from neurodeploy.simulator.samples import checked_samples
from neurodeploy.trace import LayerTrace, Trace
from snncore.dynamics.interval import ZERO, Interval

# A batch that keeps one layer's states in the processor's cache.
_BATCH = 64
# By layer: spikes, and states if they are recorded.
Arrays = dict[str, dict[str, NDArray[Any]]]


def run_fast(
    program: Program,
    samples: NDArray[Any],
    *,
    states: bool = True,
    device: str | torch.device = "cpu",
) -> Trace:
    """The trace of the samples (T, N, ...); without `states`, spikes alone.

    Raises:
        SamplesError: if the samples do not fit the program's input.
    """
    checked = checked_samples(program, samples)
    seen = Interval(int(checked.min()), int(checked.max()))
    engine = _engine(program, seen, torch.device(device))
    parts = [checked[:, start : start + _BATCH] for start in range(0, checked.shape[1], _BATCH)]
    batches = [engine.run(part, states=states) for part in parts]
    layers = {
        layer: LayerTrace(
            {key: np.concatenate([b[layer][key] for b in batches], axis=1) for key in arrays}
        )
        for layer, arrays in batches[0].items()
    }
    return Trace(layers, program.output)


@dataclass(frozen=True)
class _Layer:
    carried: CarriedStep
    parameters: dict[str, Any]


class Engine:
    """A program made ready for one device and one range of inputs."""

    def __init__(self, program: Program, inputs: Interval, device: torch.device) -> None:
        self.program = program
        self.device = device
        self.ranges = ranges(program, inputs.hull(ZERO))
        # A loop is computed a step at a time, everything else a sequence at a time.
        self.looped = _has_loop(program)
        self.layers = {node.name: self._layer(node, self.ranges) for node in program.layers}
        self.weights = {
            node.name: self._weight(node)
            for node in program.nodes
            if isinstance(node, Dense | Conv2d)
        }

    @torch.no_grad()
    def run(self, samples: NDArray[np.int64], *, states: bool) -> Arrays:
        """The layers' arrays for one batch."""
        inputs = torch.from_numpy(np.ascontiguousarray(samples)).to(self.device)
        chunk = 1 if self.looped else inputs.shape[0]
        run = _Run(self, inputs.shape[1], states)
        for start in range(0, inputs.shape[0], chunk):
            run.advance(inputs[start : start + chunk])
        return run.arrays()

    def _layer(self, node: Neuron, proved: Ranges) -> _Layer:
        carried = carried_step(node, proved.layers[node.name])
        parameters: dict[str, Any] = {}
        for key, value in node.parameters.items():
            # A single number stays one, which torch fuses into the operation.
            tensor = torch.from_numpy(value.copy()).to(self.device, carried.kind)
            parameters[key] = int(value.reshape(-1)[0]) if value.size == 1 else tensor
        return _Layer(carried, parameters)

    def _weight(self, node: Dense | Conv2d) -> torch.Tensor:
        # Every partial sum, in any order, is within the sum of all magnitudes.
        flat = np.abs(node.weight.reshape(node.weight.shape[0], -1)).sum(axis=1)
        source = self.ranges.values[node.source.source].largest()
        kind = exact_matmul_type(int(flat.max(initial=0)) * max(source, 1))
        return torch.from_numpy(node.weight.astype(np.float64)).to(self.device, kind)


@lru_cache(maxsize=2)
def _engine(program: Program, inputs: Interval, device: torch.device) -> Engine:
    """An engine, kept for the next samples of the same range."""
    return Engine(program, inputs, device)


class _Run:
    """One pass over a batch: values of this chunk, states and histories across chunks."""

    def __init__(self, engine: Engine, count: int, record: bool) -> None:
        self.engine, self.count, self.record = engine, count, record
        self.values: dict[str, torch.Tensor] = {}
        self.past: dict[str, torch.Tensor] = {}
        self.states: dict[str, tuple[torch.Tensor, ...]] = {}
        self.recorded: dict[str, dict[str, list[torch.Tensor]]] = {}
        self.steps = 0

    def advance(self, inputs: torch.Tensor) -> None:
        """Another chunk of steps through every node."""
        self.steps = inputs.shape[0]
        self.values = {}
        program = self.engine.program
        for node in program.nodes:
            if isinstance(node, Input):
                value = inputs.to(torch.float32 if inputs.abs().max() < 1 << 24 else torch.float64)
            elif isinstance(node, Neuron):
                value = self._neurons(node)
            else:
                value = self._combined(node, self._value(node.sources[0]))
            self.values[node.name] = value
        for edge in {edge for node in program.nodes for edge in node.sources if edge.delay}:
            before = self._before(edge)
            joined = torch.cat((before, self.values[edge.source]))
            self.past[f"{edge.source}@{edge.delay}"] = joined[-edge.delay :]

    def _before(self, edge: Edge) -> torch.Tensor:
        key = f"{edge.source}@{edge.delay}"
        if key not in self.past:
            shape = (edge.delay, self.count, *self.engine.program.shapes[edge.source])
            self.past[key] = torch.zeros(shape, device=self.engine.device)
        return self.past[key]

    def _value(self, edge: Edge) -> torch.Tensor:
        if not edge.delay:
            return self.values[edge.source]
        before = self._before(edge)
        if self.steps <= edge.delay:
            return before[: self.steps]
        # Longer than the delay means no loop, so this chunk's values are there.
        return torch.cat((before, self.values[edge.source]))[: self.steps]

    def _combined(self, node: Node, x: torch.Tensor) -> torch.Tensor:
        if isinstance(node, Flatten):
            return x.reshape(*x.shape[:2], -1)
        if isinstance(node, MaxPool2d):
            pooled = torch.nn.functional.max_pool2d(
                x.reshape(-1, *x.shape[2:]), node.kernel, node.stride, node.padding
            )
            return pooled.reshape(*x.shape[:2], *pooled.shape[1:])
        assert isinstance(node, Dense | Conv2d)
        weight = self.engine.weights[node.name]
        flat = x.reshape(-1, *x.shape[2:]).to(weight.dtype)
        if isinstance(node, Dense):
            result = flat @ weight.T
            result = torch.floor(result * 2.0**-node.shift) if node.shift else result
        else:
            result = torch.nn.functional.conv2d(
                flat, weight, None, node.stride, node.padding, node.dilation, node.groups
            ).round_()
        if _leaves(self.engine.ranges, node):
            half = 1 << (node.accumulator_bits - 1)
            result = torch.remainder(result.double() + half, 2 * half) - half
        return result.reshape(*x.shape[:2], *result.shape[1:])

    def _neurons(self, node: Neuron) -> torch.Tensor:
        layer = self.engine.layers[node.name]
        drive = self._value(node.inputs[0])
        for edge in node.inputs[1:]:
            drive = drive.double() + self._value(edge).double()
        drive = drive.to(layer.carried.kind)
        names = node.equations.states
        states = self.states.get(node.name) or tuple(torch.zeros_like(drive[0]) for _ in names)
        prepared = layer.carried.prepare(drive, **layer.parameters)
        spikes = torch.empty(drive.shape, dtype=torch.float32, device=drive.device)
        kept = self.recorded.setdefault(node.name, {key: [] for key in ("s", *names)})
        for step in range(drive.shape[0]):
            inputs = [value[step] for value in prepared]
            *following, spikes[step] = layer.carried.step(*states, *inputs, **layer.parameters)
            states = tuple(_full(value, drive[step]) for value in following)
            if self.record:
                for key, value in zip(names, states, strict=True):
                    kept[key].append(value)
        kept["s"].append(spikes)
        self.states[node.name] = states
        return spikes

    def arrays(self) -> Arrays:
        """What was recorded, as NumPy arrays."""
        result = {}
        for name, kept in self.recorded.items():
            arrays = {"s": _joined(kept["s"]).cpu().numpy().astype(np.uint8)}
            for key in kept if self.record else ():
                if key != "s":
                    arrays[key] = torch.stack(kept[key]).to(torch.int64).cpu().numpy()
            result[name] = arrays
        return result


def _joined(chunks: list[torch.Tensor]) -> torch.Tensor:
    return chunks[0] if len(chunks) == 1 else torch.cat(chunks)


def _full(value: Any, like: torch.Tensor) -> torch.Tensor:
    """A state that no input reaches is a number, or as small as its parameters."""
    if isinstance(value, torch.Tensor):
        return value.expand_as(like)
    return torch.full_like(like, value)


def _leaves(proved: Ranges, node: Dense | Conv2d) -> bool:
    """Whether a sum might leave its accumulator."""
    total = sum_range(node, proved.values[node.source.source].hull(ZERO))
    return total.wrapped(node.accumulator_bits) != total


def _has_loop(program: Program) -> bool:
    names = [node.name for node in program.nodes]
    return any(
        names.index(edge.source) >= position
        for position, node in enumerate(program.nodes)
        for edge in node.sources
    )
