"""A chip's integer step in Triton: one launch runs a layer over a sequence and keeps some states.

The printed text holds no number of a network, so that networks of one structure share a kernel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from snncore.dynamics import Equations, Op
from snncore.dynamics.expression import LEAVES, Operation
from snncore.dynamics.printing.render import Dialect, assignments, compile_step
from snncore.dynamics.remembered import remembered
from snncore.kernels.loop.numbers import largest_number, without_numbers
from snncore.kernels.triton.launch import Launch
from snncore.kernels.triton.shape import TritonConfig

# Neurons a program.
_BLOCK = 1024
_HEAD = "import triton\nimport triton.language as tl\n\n\n@triton.jit\n"
# The largest magnitude that each type holds, with room for one more addition.
_CARRIERS = ((1 << 31, torch.int32), (1 << 62, torch.int64))


def _words(bits: int) -> Dialect:
    """Return the words of integers of so many bits."""
    sign = f"({{0}} >> {bits - 1})"
    return Dialect(
        "Triton's integers",
        {
            Op.ADD: "{0} + {1}",
            Op.SUBTRACT: "{0} - {1}",
            Op.MULTIPLY: "{0} * {1}",
            Op.NEGATE: "-{0}",
            Op.MINIMUM: "tl.minimum({0}, {1})",
            Op.MAXIMUM: "tl.maximum({0}, {1})",
            Op.ABSOLUTE: "tl.abs({0})",
            Op.GREATER: f"({{0}} > {{1}}).to(tl.int{bits})",
            Op.GREATER_EQUAL: f"({{0}} >= {{1}}).to(tl.int{bits})",
            Op.SELECT: "tl.where({0} > 0, {1}, {2})",
            Op.SPIKE: f"({{0}} {{comparison}} 0).to(tl.int{bits})",
            Op.DETACH: "{0}",
            Op.CLIP: "tl.minimum(tl.maximum({0}, {low}), {high})",
            Op.WRAP_ONCE: "tl.where({0} > {half}, {0} - 2 * {half}, "
            "tl.where({0} <= -{half}, {0} + 2 * {half}, {0}))",
            Op.SHIFT_LEFT: "{0} << {a}",
            Op.SHIFT_FLOOR: "{0} >> {a}",
            # A negative number gets an addend that turns the floor into the ceiling.
            Op.SHIFT_TO_ZERO: f"({{0}} + ({sign} & ((1 << {{a}}) - 1))) >> {{a}}",
            Op.WRAP: "(({0} + {half}) & (2 * {half} - 1)) - {half}",
        },
    )


_DIALECTS = {torch.int32: _words(32), torch.int64: _words(64)}


@dataclass(frozen=True)
class Form:
    """The form of a kernel beside its equations: what drives it, and what it reads and keeps."""

    drives: int
    varied: tuple[str, ...]
    kept: tuple[str, ...]
    initial: bool
    final: bool
    # Spikes are one; graded values need the type that they are kept in.
    sent: str = "uint8"


@dataclass(frozen=True)
class TritonStep:
    """A layer's step for the type that holds its integers."""

    equations: Equations
    kind: torch.dtype
    numbers: Mapping[str, int]
    _launches: dict[tuple[Any, ...], Launch] = field(default_factory=dict)

    def parameters(self, named: Mapping[str, Tensor], device: torch.device) -> list[Tensor]:
        """Return the parameters in their order: one value, or one for each of some neurons."""
        values = {key: torch.tensor([number]) for key, number in self.numbers.items()}
        values |= {key: value.reshape(-1) for key, value in named.items()}
        return [values[key].to(device, self.kind) for key in self.equations.parameters]

    def run(
        self,
        drives: Sequence[Tensor],
        states: Sequence[Tensor],
        parameters: Sequence[Tensor],
        keep: Mapping[str, Tensor],
        *,
        final: bool,
    ) -> tuple[Tensor, ...]:
        """Write the spikes (T, N, ...) and some states to `keep`, and return the last states.

        The drives are added, without states the first ones are zero, and states are returned only
        if they are `final`. A parameter that varies repeats its values over the neurons in memory.
        """
        drive, names = drives[0], self.equations.parameters
        steps, neurons = drive.shape[0], drive[0].numel()
        varied = tuple(n for n, v in zip(names, parameters, strict=True) if v.numel() > 1)
        kept = tuple(name for name in self.equations.states if name in keep)
        sent = "uint8" if keep["s"].dtype == torch.uint8 else "int64"
        form = Form(len(drives), varied, kept, bool(states), final, sent)
        last = tuple(
            torch.empty(drive.shape[1:], dtype=self.kind, device=drive.device)
            for _ in (self.equations.states if final else ())
        )
        tensors = [*drives, *parameters, *states, *last, keep["s"], *(keep[n] for n in kept)]
        periods = [v.numel() for v in parameters if v.numel() > 1]
        numbers = (*periods, neurons, keep["s"].stride(0), steps)
        key = (form, numbers)
        launch = self._launches.get(key)
        if launch is None:
            launch = self._launches[key] = self._launch(form, numbers)
        launch(tensors)
        return last

    def _launch(self, form: Form, numbers: Sequence[int]) -> Launch:
        programs = -(-numbers[-3] // _BLOCK)
        config = TritonConfig(_BLOCK, 4, 1)
        return Launch(_kernel(self.source(form)), programs, numbers[:-1], numbers[-1], config)

    def source(self, form: Form) -> str:
        """Write the kernel of one form."""
        step, kind = self.equations, f"tl.{str(self.kind).removeprefix('torch.')}"
        names = {n: f"parameter{k}" for k, n in enumerate(step.parameters)}
        names |= {n: f"state{k}" for k, n in enumerate(step.states)}

        def leaf(operation: Operation) -> str:
            return "drive" if operation.op == Op.INPUT else names[str(operation.attribute)]

        lines, values = assignments(step.operations, _DIALECTS[self.kind], leaf, "{name} = {value}")
        lines = [*_drive(form, kind), *lines]
        nexts = [f"next{k} = nothing + {values[n]}" for k, n in enumerate(step.next_states)]
        lines += [*nexts, f"out = nothing + {values[step.output]}"]
        lines += [f"state{k} = next{k}" for k in range(len(step.states))]
        lines.append(_put("sent + time * ROW + place", f"out.to(tl.{form.sent})"))
        for k, name in enumerate(step.states):
            if name in form.kept:
                lines.append(_put(f"kept{k} + time * ROW + place", f"state{k}.to(tl.int64)"))
        begin, end = _ends(step, form, kind)
        body = ["for time in range(STEPS):", *(f"    {line}" for line in lines)]
        head = f"def run({', '.join(_arguments(step, form))}):"
        return _HEAD + "\n".join([head, *(f"    {line}" for line in [*begin, *body, *end])]) + "\n"


def triton_step(equations: Equations, largest: int) -> TritonStep | None:
    """Return the step for values up to `largest`, or None if Triton lacks a word or a type."""
    shared, numbers = without_numbers(equations)
    reached = max([largest, *map(largest_number, shared.operations)])
    kind = next((kind for limit, kind in _CARRIERS if 2 * reached < limit), None)
    if kind is None:
        return None
    words = _DIALECTS[kind].spelling
    if any(each.op not in words and each.op not in LEAVES for each in shared.operations):
        return None
    return _step(shared, kind, tuple(numbers.items()))


@remembered
def _step(
    equations: Equations, kind: torch.dtype, numbers: tuple[tuple[str, int], ...]
) -> TritonStep:
    return TritonStep(equations, kind, dict(numbers))


@lru_cache(maxsize=512)
def _kernel(source: str) -> Any:
    """Return the kernel of a source, which layers of one structure share."""
    return compile_step(source, {"__name__": "snncore.kernels.generated"}, "run")


def _arguments(step: Equations, form: Form) -> list[str]:
    """Return the kernel's arguments in their order."""
    states = range(len(step.states))
    arguments = [f"drive{k}" for k in range(form.drives)]
    arguments += [f"at{k}" for k in range(len(step.parameters))]
    arguments += [f"first{k}" for k in states if form.initial]
    arguments += [f"last{k}" for k in states if form.final]
    arguments += ["sent", *(f"kept{k}" for k in states if step.states[k] in form.kept)]
    arguments += [f"PERIOD{k}" for k, name in enumerate(step.parameters) if name in form.varied]
    return [*arguments, "N", "ROW", "STEPS: tl.constexpr", "BLOCK: tl.constexpr"]


def _ends(step: Equations, form: Form, kind: str) -> tuple[list[str], list[str]]:
    """Write what comes before the steps, and behind them."""
    begin = [
        "place = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)",
        "inside = place < N",
        f"nothing = tl.zeros([BLOCK], {kind})",
    ]
    for k, name in enumerate(step.parameters):
        varies = name in form.varied
        begin.append(f"parameter{k} = tl.load(at{k}{f' + place % PERIOD{k}' if varies else ''})")
    for k in range(len(step.states)):
        loaded = f"tl.load(first{k} + place, mask=inside, other=0)"
        begin.append(f"state{k} = {loaded if form.initial else 'nothing'}")
    end = [_put(f"last{k} + place", f"state{k}") for k in range(len(step.states)) if form.final]
    return begin, end


def _drive(form: Form, kind: str) -> list[str]:
    """Write the sum of the drives."""
    terms = [
        f"tl.load(drive{k} + time * N + place, mask=inside, other=0).to({kind})"
        for k in range(form.drives)
    ]
    return [f"{'drive +=' if k else 'drive ='} {term}" for k, term in enumerate(terms)]


def _put(address: str, value: str) -> str:
    return f"tl.store({address}, {value}, mask=inside)"
