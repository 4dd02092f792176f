"""Time loops from a few lines: the step is the user's, the loop and its way back are ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from snncore.kernels.cuda.loop import KINDS, CudaLoop
from snncore.kernels.cuda.source import StepText
from snncore.kernels.inline.body import check_names, mentions, placed
from snncore.kernels.launch.build import Options, build


def time_loop(
    body: str,
    *,
    states: Sequence[str] | Mapping[str, float],
    inputs: Sequence[str] = ("x",),
    output: str = "s",
    parameters: Sequence[str] = (),
    backward: str | None = None,
    name: str = "time_loop",
    options: Options | None = None,
) -> TimeLoop:
    """Make a function of sequences (T, ...) that runs the body for every step of every neuron.

    The body reads inputs and parameters, changes states and assigns the output, all of them float;
    sequences are float32, float16 or bfloat16. States begin with zero, or with the value that
    `states` maps them to.

    `backward` goes back through one step. It reads what the body read (states as they were before
    the step) and grad_s for the output s. For each state v, grad_v holds the gradient of the state
    after the step, and must become that of the state before it. It assigns grad_x for each input
    x, and adds to grad_p for each parameter p that is learned.

    Raises:
        ValueError: if names clash, or the body forgets the output.
    """
    begin = dict(states) if isinstance(states, Mapping) else dict.fromkeys(states, 0.0)
    return TimeLoop(
        body,
        begin,
        tuple(inputs),
        output,
        tuple(parameters),
        backward,
        name,
        options or Options(),
    )


class TimeLoop:
    """A time loop, compiled for each type and number of steps it meets."""

    def __init__(
        self,
        body: str,
        begin: dict[str, float],
        inputs: tuple[str, ...],
        output: str,
        parameters: tuple[str, ...],
        backward: str | None,
        name: str,
        options: Options,
    ) -> None:
        check_names(name, (name,), tuple(begin), inputs, (output,), parameters)
        if not begin or not inputs:
            raise ValueError(f"{name}: there is at least one state and one input")
        if not mentions(body, output):
            raise ValueError(f"{name}: the body does not assign the output {output}")
        self.name, self.begin, self.backward = name, begin, backward
        self.step = StepText(
            name,
            tuple(begin),
            inputs,
            parameters,
            _forth(body, begin, inputs, output, parameters, name),
            tuple(begin.values()),
        )
        self.output = output
        self.loop = CudaLoop(self.step, self._printed, options=options)
        self._numbers: dict[tuple[float, torch.device], Tensor] = {}

    def __call__(self, *inputs: Tensor, **named: Tensor | float) -> tuple[Tensor, ...]:
        """Return the output (T, ...) and the last states by name.

        First states and parameters are given by name: states as tensors of one step's shape,
        parameters as numbers, or as tensors of one value, one a channel or one an element.

        Raises:
            TypeError, ValueError: if something does not fit; names it.
        """
        self._check(inputs, named)
        device, shape = inputs[0].device, inputs[0].shape
        first = [
            _state(named[label], shape, f"{self.name}: {label}")
            for label in self.step.states
            if label in named
        ]
        parameters = [
            self._parameter(label, named[label], device) for label in self.step.parameters
        ]
        results = _Function.apply(self, len(first), *inputs, *first, *parameters)
        return tuple(results)

    def source(self) -> str:
        """Return the kernels' CUDA source for four steps: forward, and backward if there is one."""
        return "\n\n".join(self._sources())

    def compile_for(self, architecture: str = "sm_90") -> str:
        """Compile for a GPU that need not be there; what the compiler said.

        Raises:
            CompilerError: if a body does not compile; lines are the body's.
        """
        sources = self._sources()
        return "\n".join(build(s, self.loop.options, architecture).log for s in sources)

    def _sources(self) -> list[str]:
        sources = self.loop.sources()
        return sources[:1] if self.backward is None else sources

    def _printed(self, learned: tuple[str, ...]) -> StepText:
        """Return the step with a backward pass that adds to the gradients of these parameters."""
        step = self.step
        if self.backward is None:
            return step
        back = _back(self.backward, step, self.output, learned)
        return StepText(
            step.name, step.states, step.inputs, step.parameters, step.forth, step.begin, back
        )

    def _parameter(self, label: str, value: Tensor | float, device: torch.device) -> Tensor:
        if isinstance(value, Tensor):
            if value.requires_grad and not mentions(self.backward or "", f"grad_{label}"):
                raise ValueError(
                    f"{self.name}: {label} requires a gradient, and backward does not add to "
                    f"grad_{label}"
                )
            return value
        key = (float(value), device)
        if key not in self._numbers:
            self._numbers[key] = torch.full((), key[0], device=device)
        return self._numbers[key]

    def _check(self, inputs: Sequence[Tensor], named: Mapping[str, Any]) -> None:
        step, name = self.step, self.name
        if len(inputs) != len(step.inputs):
            raise TypeError(f"{name} takes the inputs {', '.join(step.inputs)}")
        unknown = sorted(set(named) - {*step.states, *step.parameters})
        if unknown:
            raise TypeError(f"{name}: there is no state or parameter {unknown[0]}")
        absent = [label for label in step.parameters if label not in named]
        if absent:
            raise TypeError(f"{name}: the parameter {absent[0]} is missing")
        some = [label for label in step.states if label in named]
        if some and len(some) < len(step.states):
            raise TypeError(f"{name}: give all first states or none: {', '.join(step.states)}")
        first = inputs[0]
        for label, x in zip(step.inputs, inputs, strict=True):
            if x.dtype not in KINDS:
                raise TypeError(f"{name}: {label} is {x.dtype}, not float32, float16 or bfloat16")
            if x.ndim < 2 or x.shape[0] == 0:
                raise ValueError(f"{name}: {label} is (T, ...) with T at least 1")
            if (x.shape, x.dtype, x.device) != (first.shape, first.dtype, first.device):
                raise ValueError(f"{name}: {label} differs from the first input")


def _state(value: Any, shape: torch.Size, where: str) -> Tensor:
    if not isinstance(value, Tensor) or value.shape != shape[1:]:
        actual = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(f"{where} is a tensor of {tuple(shape[1:])}, not {actual}")
    return value


def _forth(
    body: str,
    states: Sequence[str] | Mapping[str, float],
    inputs: Sequence[str],
    output: str,
    parameters: Sequence[str],
    name: str,
) -> str:
    lines = [f"float &{label} = state[{k}][lane];" for k, label in enumerate(states)]
    lines += [f"const float {label} = input[{k}][lane];" for k, label in enumerate(inputs)]
    lines += [f"const float {label} = parameter[{k}][lane];" for k, label in enumerate(parameters)]
    return "\n".join([*lines, f"float &{output} = fired;", placed(body, name)])


def _back(body: str, step: StepText, output: str, learned: Sequence[str]) -> str:
    lines = [f"const float {n} = state[{k}][lane];" for k, n in enumerate(step.states)]
    lines += [f"const float {n} = input[{k}][lane];" for k, n in enumerate(step.inputs)]
    lines += [f"const float {n} = parameter[{k}][lane];" for k, n in enumerate(step.parameters)]
    lines.append(f"const float grad_{output} = incoming;")
    lines += [f"float &grad_{n} = flowing[{k}][lane];" for k, n in enumerate(step.states)]
    lines += [f"float &grad_{n} = share[{k}][lane] = 0.0f;" for k, n in enumerate(step.inputs)]
    for label in step.parameters:
        if label in learned:
            index = learned.index(label)
            lines.append(f"float &grad_{label} = learned[{index}][lane];")
        else:
            lines.append(f"float grad_{label} = 0.0f;")
    return "\n".join([*lines, placed(body, f"{step.name}, backward")])


class _Function(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, owner: TimeLoop, states: int, *tensors: Tensor) -> tuple[Tensor, ...]:
        count = len(owner.step.inputs)
        ctx.set_materialize_grads(False)
        ctx.owner, ctx.parts = owner, (count, count + states)
        ctx.save_for_backward(*tensors)
        output, last = owner.loop.forward(*_parted(tensors, ctx.parts))
        return output, *last

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, incoming: Tensor | None, *later: Tensor | None) -> Any:
        owner: TimeLoop = ctx.owner
        if owner.backward is None:
            raise RuntimeError(f"{owner.name}: there is no gradient (give backward=)")
        inputs, states, parameters = _parted(ctx.saved_tensors, ctx.parts)
        needs = ctx.needs_input_grad[2:]
        gradients = owner.loop.backward(inputs, states, parameters, incoming, later, needs)
        saved = ctx.saved_tensors
        return (
            None,
            None,
            *(g if g is None else g.to(v.dtype) for g, v in zip(gradients, saved, strict=True)),
        )


def _parted(values: Sequence[Any], parts: tuple[int, int]) -> tuple[Any, Any, Any]:
    begin, end = parts
    return values[:begin], values[begin:end], values[end:]
