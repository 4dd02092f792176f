"""The time, memory, spikes and operations of each layer, forward and backward."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from snncore import functional
from snncore.monitor.cost import profile
from snncore.neuron import Neuron

Loss = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class LayerUse:
    """A layer's use of one training step: the median of the repeats.

    Seconds are those of the device, bytes those of parameters, of outputs, and of what is kept
    for the backward pass. Operations are of one sample: forward those of inputs that are not
    zero; backward as many for weights, and every one for inputs that learn.
    """

    kind: str
    forward_seconds: float
    backward_seconds: float | None
    parameter_bytes: int
    output_bytes: int
    kept_bytes: int
    spikes: float | None
    forward_operations: float | None
    backward_operations: float | None


@dataclass(frozen=True)
class LayerReport:
    """Each layer's use by name, in the order of the calls, and the peak of the device's memory."""

    layers: dict[str, LayerUse]
    device: str
    peak_bytes: int | None

    def text(self) -> str:
        """Format the report as a table."""
        heads = ("forward ms", "backward ms", "kept KiB", "spikes", "operations", "backward")
        lines = [f"{'layer':28}" + "".join(f"{head:>14}" for head in heads)]
        for name, use in self.layers.items():
            back = None if use.backward_seconds is None else 1e3 * use.backward_seconds
            values = (
                _number(1e3 * use.forward_seconds, 3),
                _number(back, 3),
                _number(use.kept_bytes / 1024, 1),
                _number(use.spikes, 0),
                _number(use.forward_operations, 0),
                _number(use.backward_operations, 0),
            )
            lines.append(f"{f'{name} {use.kind}':28.28}" + "".join(f"{v:>14}" for v in values))
        if self.peak_bytes is not None:
            lines.append(f"peak of {self.device}: {self.peak_bytes / 2**20:.1f} MiB")
        return "\n".join(lines)


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def layer_report(
    network: nn.Module,
    samples: Tensor,
    loss: Loss | None = None,
    *,
    repeats: int = 3,
) -> LayerReport:
    """Run training steps on samples (T, N, ...) and report what each layer used.

    `loss` makes a number of the outputs, by default their mean square. Nothing is fetched from a
    GPU before the last repeat is over. Gradients and states are left as they were, the states
    reset; batch norms see no sample.

    Raises:
        ValueError: if there are no samples, or no repeat.
    """
    if samples.ndim < 3 or 0 in samples.shape[:2] or repeats < 1:
        raise ValueError(
            f"monitor.layer_report: {repeats} repeats of {tuple(samples.shape)} (takes (T, N, ...))"
        )
    training, buffers = network.training, [buffer.clone() for buffer in network.buffers()]
    gradients = [parameter.grad for parameter in network.parameters()]
    network.train()
    meter = _Meter(samples.device)
    try:
        with meter.watching(network):
            for _ in range(repeats + 1):
                # The first one compiles kernels, and does not count.
                meter.begin()
                _train(network, samples, loss, meter)
        counted = profile(network.eval(), samples)
    finally:
        network.train(training)
        with torch.no_grad():
            for buffer, before in zip(network.buffers(), buffers, strict=True):
                buffer.copy_(before)
        for parameter, gradient in zip(network.parameters(), gradients, strict=True):
            parameter.grad = gradient
        functional.reset(network)
    layers = {}
    for name, use in meter.uses.items():
        cost = counted.costs.get(name)
        learns = None if cost is None else cost.synaptic + use.reaches_input * cost.dense
        forward = None if cost is None else cost.synaptic
        layers[name] = use.summed(forward, learns, samples.shape[1])
    return LayerReport(layers, str(samples.device), meter.peak)


def _train(network: nn.Module, samples: Tensor, loss: Loss | None, meter: _Meter) -> None:
    functional.reset(network)
    for parameter in network.parameters():
        parameter.grad = None
    with torch.enable_grad():
        with torch.autograd.graph.saved_tensors_hooks(meter.keep, lambda kept: kept):
            outputs = network(samples)
        value = outputs.square().mean() if loss is None else loss(outputs)
        if value.requires_grad:
            value.backward()


@dataclass
class _Use:
    """A layer's marks in each repeat: pairs of a begin and an end."""

    module: nn.Module
    forward: list[list[tuple[Any, Any]]] = field(default_factory=list)
    backward: list[list[tuple[Any, Any]]] = field(default_factory=list)
    spikes: Tensor | None = None
    output_bytes: int = 0
    kept_bytes: int = 0
    reaches_input: bool = False

    def summed(self, operations: float | None, backward: float | None, samples: int) -> LayerUse:
        """Return the numbers, which are fetched here."""
        parameters = sum(p.numel() * p.element_size() for p in self.module.parameters())
        spikes = None if self.spikes is None else float(self.spikes) / samples
        return LayerUse(
            type(self.module).__name__,
            _median(self.forward) or 0.0,
            _median(self.backward),
            parameters,
            self.output_bytes,
            self.kept_bytes,
            spikes,
            operations,
            backward,
        )


def _median(repeats: list[list[tuple[Any, Any]]]) -> float | None:
    counted = [_seconds(each) for each in repeats[1:] if each]
    return sorted(counted)[len(counted) // 2] if counted else None


def _seconds(marks: list[tuple[Any, Any]]) -> float:
    if isinstance(marks[0][0], float):
        return float(sum(end - begin for begin, end in marks))
    return float(sum(begin.elapsed_time(end) for begin, end in marks)) / 1e3


class _Meter:
    """Hooks on the layers that have no layers within, and on neurons."""

    def __init__(self, device: torch.device) -> None:
        self.uses: dict[str, _Use] = {}
        self.device, self.peak = device, None if device.type != "cuda" else 0
        self._inside: list[_Use] = []
        self._once: list[Any] = []
        self._seen: set[int] = set()

    def mark(self) -> Any:
        """Return the time now, or an event on the device that will know it."""
        if self.device.type != "cuda":
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def begin(self) -> None:
        """Begin another repeat."""
        self._seen.clear()
        while self._once:
            self._once.pop().remove()
        for use in self.uses.values():
            use.spikes, use.output_bytes, use.kept_bytes = None, 0, 0
            use.forward.append([])
            use.backward.append([])

    def keep(self, tensor: Tensor) -> Tensor:
        """Count what the layer that runs keeps for the backward pass, each memory once."""
        storage = tensor.untyped_storage()
        if self._inside and storage.data_ptr() not in self._seen:
            self._seen.add(storage.data_ptr())
            if not isinstance(tensor, nn.Parameter):
                self._inside[-1].kept_bytes += storage.nbytes()
        return tensor

    @contextmanager
    def watching(self, network: nn.Module) -> Iterator[None]:
        """Watch the layers within this block."""
        handles: list[Any] = []
        for name, module in network.named_modules():
            if isinstance(module, Neuron) or not any(module.children()):
                handles += self._hooks(self.uses.setdefault(name, _Use(module)))
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        try:
            yield
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
                self.peak = torch.cuda.max_memory_allocated(self.device)
        finally:
            for handle in (*handles, *self._once):
                handle.remove()

    def _hooks(self, use: _Use) -> list[Any]:
        begins: list[Any] = []

        def before(module: nn.Module, inputs: Any) -> None:
            use.reaches_input = any(isinstance(x, Tensor) and x.requires_grad for x in inputs)
            self._inside.append(use)
            begins.append(self.mark())

        def after(module: nn.Module, inputs: Any, output: Any) -> None:
            use.forward[-1].append((begins.pop(), self.mark()))
            self._inside.pop()
            if not isinstance(output, Tensor):
                return
            use.output_bytes += output.numel() * output.element_size()
            if isinstance(module, Neuron):
                fired = (output.detach() != 0).sum()
                use.spikes = fired if use.spikes is None else use.spikes + fired
            if output.requires_grad:
                self._watch_backward(use, inputs, output)

        return [
            use.module.register_forward_pre_hook(before),
            use.module.register_forward_hook(after),
        ]

    def _watch_backward(self, use: _Use, inputs: Any, output: Tensor) -> None:
        """Mark when the gradient of the output is there, and when those of the inputs are."""
        row, begins = use.backward[-1], []
        output.register_hook(lambda gradient: begins.append(self.mark()))

        def done(*_: Any) -> None:
            if begins:
                row.append((begins.pop(), self.mark()))

        learns = [x for x in inputs if isinstance(x, Tensor) and x.requires_grad and x.grad_fn]
        if learns:
            learns[0].register_hook(done)
            return
        # The first layer's own parameters are the last to get theirs.
        own = [each for each in use.module.parameters() if each.requires_grad]
        if own:
            self._once.append(own[0].register_post_accumulate_grad_hook(done))
