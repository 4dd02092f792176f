"""A training step as one CUDA graph: all of its kernels are started at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, distributed, nn

from snncore import functional
from snncore.layer.norm.synchronized import is_distributed
from snncore.layer.steps import is_constant
from snncore.training.pooled import PooledGradients
from snncore.training.processes import Process
from snncore.training.step import Loss

# Kernels are compiled, and the fastest ones found, in the first of them.
_WARM = 3


class CapturedStep:
    """The loss and the gradients for batches of one shape, without Python between the kernels.

    Every batch begins with states that are reset. A call sets `.grad` to the gradients of its
    batch alone; stepping the optimizer, clipping and unscaling are up to the caller. What happens
    in Python happens once: hooks and monitors see nothing of later batches. Options are those of
    `training_step`. With a `process`, all begin with the first one's weights, and gradients are
    averaged over all processes.

    Raises:
        ValueError: if the batch is not on a GPU, or the network talks to other processes itself.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: Loss,
        x: Tensor,
        target: Tensor,
        *,
        autocast: torch.dtype | None = None,
        scaler: Any = None,
        process: Process | None = None,
    ) -> None:
        _refuse_talk(network)
        self._form = _form(x), _form(target)
        self._x, self._target = _own(x), _own(target)
        self._graph = _Graph(x.device)
        self._parameters = [*network.parameters()]
        self._pool: PooledGradients | None = None
        if process is not None and process.count > 1:
            for value in network.state_dict().values():
                distributed.broadcast(value, 0)
            self._pool = PooledGradients(self._parameters, process.count)
        self.outputs, self._value = x, x

        def run() -> None:
            functional.reset(network)
            enabled = autocast is not None
            # The weights in an outer autocast's cache would stay in the graph.
            with torch.autocast(
                x.device.type, dtype=autocast, enabled=enabled, cache_enabled=False
            ):
                self.outputs = network(self._x)
                self._value = loss(self.outputs, self._target)
            (self._value if scaler is None else scaler.scale(self._value)).backward()
            if self._pool is not None:
                self._pool.take([parameter.grad for parameter in self._parameters])
            functional.reset(network)

        self._capture(network, run)

    def __call__(self, x: Tensor, target: Tensor) -> Tensor:
        """Return the loss of a batch; `outputs` holds the network's outputs until the next call.

        Raises:
            ValueError: if the batch has another form than the one that was captured.
        """
        for name, value, form in zip(("x", "target"), (x, target), self._form, strict=True):
            if _form(value) != form:
                raise ValueError(
                    f"CapturedStep: {name} is {_described(_form(value))}, and "
                    f"{_described(form)} was captured (capture one for each form)"
                )
        _fill(self._x, x)
        _fill(self._target, target)
        self._graph.replay()
        if self._pool is not None:
            self._pool.average()
        for parameter, gradient in zip(self._parameters, self._gradients, strict=True):
            parameter.grad = gradient
        return self._value.clone()

    def _capture(self, network: nn.Module, run: Callable[[], None]) -> None:
        """Record a step, and leave the network as it was found."""
        buffers = [(buffer, buffer.clone()) for buffer in network.buffers()]
        before = [parameter.grad for parameter in self._parameters]

        def fresh() -> None:
            for parameter in self._parameters:
                parameter.grad = None
            run()

        gpu = [self._x.device] if self._x.is_cuda else []
        with torch.random.fork_rng(gpu):
            self._graph.warm(fresh)
        for parameter in self._parameters:
            parameter.grad = None
        self._graph.capture(run)
        self._gradients = [parameter.grad for parameter in self._parameters]
        if self._pool is not None:
            pairs = zip(self._gradients, self._pool.places, strict=True)
            self._gradients = [None if g is None else part for g, part in pairs]
        self.outputs, self._value = self.outputs.detach(), self._value.detach()
        for parameter, gradient in zip(self._parameters, before, strict=True):
            parameter.grad = gradient
        for buffer, value in buffers:
            buffer.copy_(value)


class _Graph:
    """A recording on a GPU that can be replayed."""

    def __init__(self, device: torch.device) -> None:
        if device.type != "cuda":
            raise ValueError(
                f"CapturedStep: graphs run on a GPU, and the batch is on {device} "
                "(use training_step)"
            )
        # A gradient arrives on the stream that its parameter was used on first.
        self._stream = torch.cuda.Stream(device)
        self._graph = torch.cuda.CUDAGraph()

    def warm(self, run: Callable[[], None]) -> None:
        """Run it as often as it takes until nothing happens for the first time."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            for _ in range(_WARM):
                run()
        torch.cuda.current_stream().wait_stream(self._stream)

    def capture(self, run: Callable[[], None]) -> None:
        """Record its kernels."""
        # Other threads may go on: those that pin batches, or watch over other processes.
        mode = "thread_local"
        with torch.cuda.graph(self._graph, stream=self._stream, capture_error_mode=mode):
            run()

    def replay(self) -> None:
        """Start what was recorded."""
        self._graph.replay()


def _refuse_talk(network: nn.Module) -> None:
    name = type(network).__name__
    if isinstance(network, nn.parallel.DistributedDataParallel) or hasattr(
        network, "set_requires_gradient_sync"
    ):
        raise ValueError(
            f"CapturedStep: {name} talks to other processes between its kernels (give the network "
            "itself, and `process`)"
        )
    if is_distributed() and any(getattr(m, "synchronized", False) for m in network.modules()):
        raise ValueError(
            f"CapturedStep: {name} has batch norms that talk to other processes "
            "(functional.synchronize(network, False))"
        )


def _constant(value: Tensor) -> bool:
    """Return whether all steps share their memory: a layer then computes only one."""
    return value.ndim > 2 and is_constant(value, value.ndim - 2)


def _form(value: Tensor) -> tuple[Any, ...]:
    return tuple(value.shape), value.dtype, _constant(value)


def _described(form: tuple[Any, ...]) -> str:
    shape, kind, constant = form
    return f"{shape} of {kind}{' with equal steps' if constant else ''}"


def _own(value: Tensor) -> Tensor:
    """Return a copy into which batches are written."""
    if _constant(value):
        return value[0].detach().clone().expand(value.shape)
    return value.detach().clone(memory_format=torch.preserve_format)


def _fill(target: Tensor, value: Tensor) -> None:
    if _constant(target):
        target, value = target[0], value[0]
    target.copy_(value)
