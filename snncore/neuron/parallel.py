"""Neurons without a reset, so that training computes all their steps at once."""

from __future__ import annotations

from functools import lru_cache
from inspect import Parameter, Signature
from typing import Any

import torch
from torch import Tensor, nn

from snncore.dynamics import Equations, firing, numbers_like, spike, trace
from snncore.kernels import AUTO, narrowed
from snncore.neuron.equation_neuron import EquationNeuron
from snncore.neuron.module import Neuron, StepMode
from snncore.neuron.parameters import Given, shaped

_MOST = 64


class SlidingPSN(EquationNeuron):
    """Neurons that fire on a learned weighted sum of their last `order` inputs.

    The states are the inputs before: `x1` is the last one. `w0` weighs the newest input; each
    weight is at first half of the one before. Backends "auto" and "torch" compute all steps at
    once, others one after another, with the same bits.
    """

    def __init__(
        self, order: int = 4, threshold: Given = 1.0, *, learnable: Any = None, **options: Any
    ) -> None:
        if type(order) is not int or not 2 <= order <= _MOST:
            raise ValueError(f"SlidingPSN.order: {order!r} is not an integer from 2 to {_MOST}")
        self.order = order
        names = [f"w{late}" for late in range(order)]
        values = {name: options.pop(name, 2.0**-late) for late, name in enumerate(names)}
        learned = tuple(names) if learnable is None else learnable
        values["threshold"] = threshold
        super().__init__(_equations(order), _step, values, learnable=learned, **options)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"order": self.order} | super().config()

    def _run_steps(
        self, sequences: tuple[Tensor, ...], states: tuple[Tensor, ...], kind: torch.dtype
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        (x,) = sequences
        if self.backend not in (AUTO, "torch") or torch.compiler.is_compiling():
            return super()._run_steps(sequences, states, kind)
        past = states or tuple(self._initial(name, x[0]) for name in self.equations.states)
        # Oldest first: every step then reads a window of this sequence.
        whole = torch.cat([*(value.to(kind)[None] for value in past[::-1]), x.to(kind)])
        steps, last = x.shape[0], len(past)
        late = [whole[last - n : last - n + steps] for n in range(last + 1)]
        parameters = {
            name: shaped(self._named(name), getattr(self, name), x, kind)
            for name in self.equations.parameters
        }
        with firing(self.surrogate), numbers_like(late[0]):
            *_, fired = _step(*late[1:], late[0], **parameters)
        out = x.dtype if x.dtype.is_floating_point else kind
        return narrowed(fired, self.output, out), tuple(whole[-1 - n] for n in range(last))


def _step(*values: Any, threshold: Any, **weights: Any) -> tuple[Any, ...]:
    """Compute the weighted sum of the newest inputs, fire, and move the window on by one."""
    *past, x = values
    h = weights["w0"] * x
    for late, value in enumerate(past, 1):
        h = h + weights[f"w{late}"] * value
    return (x, *past[:-1], spike(h - threshold))


@lru_cache
def _equations(order: int) -> Equations:
    states = tuple(f"x{late}" for late in range(1, order))
    names = (*(f"w{late}" for late in range(order)), "threshold")

    def step(*values: Any, **parameters: Any) -> tuple[Any, ...]:
        return _step(*values, **parameters)

    arguments = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in (*states, "x")]
    keywords = [Parameter(name, Parameter.KEYWORD_ONLY) for name in names]
    vars(step)["__signature__"] = Signature([*arguments, *keywords])
    return trace(step, states=states, parameters=names, name="SlidingPSN")


class PSN(Neuron):
    """Neurons that fire on a learned weighted sum of all `steps` inputs of a sequence.

    There is a weight for each pair of steps, and a threshold for each step.
    """

    without_step = (
        "weighs every step with every other, so no step of a chip can compute it (use "
        "neuron.SlidingPSN, which weighs the last inputs, and train with it)"
    )

    def __init__(self, steps: int, threshold: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        if type(steps) is not int or steps < 1:
            raise ValueError(f"PSN.steps: {steps!r} is not a count of steps")
        self._require_sequences()
        if self.backend not in (AUTO, "torch"):
            raise ValueError(f"PSN.backend: {self.backend!r} cannot run it (use 'torch')")
        self.steps = steps
        self.weight = nn.Parameter(torch.empty(steps, steps))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        self.threshold = nn.Parameter(torch.full((steps, 1), float(threshold)))

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"steps": self.steps} | super().config()

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes for a sequence of exactly `steps` steps."""
        self._require_sequences()
        self._check(x)
        if x.shape[0] != self.steps:
            raise ValueError(f"PSN: has {self.steps} steps, and the input {x.shape[0]}")
        self.input_shape = tuple(x.shape[2:])
        with firing(self.surrogate):
            distance = self.weights() @ x.flatten(1) - self.threshold
            fired: Tensor = spike(distance)
        return fired.reshape(x.shape)

    def weights(self) -> Tensor:
        """Return the weights that are applied: a row for each step."""
        return self.weight

    def _require_sequences(self) -> None:
        if self.step_mode != StepMode.MULTI:
            raise ValueError('PSN.step_mode: sees all steps at once (use step_mode="m")')


class MaskedPSN(PSN):
    """Neurons that fire on a weighted sum of their last `order` inputs, with weights a step.

    Training may begin with all steps: `share` is how far the others are left out, from 0 to 1. At
    1 no later step is read, so that single steps give the same spikes.
    """

    without_step = (
        "has weights of its own for every step, which a chip's step has not (use "
        "neuron.SlidingPSN, whose weights are the same in all steps, and train with it)"
    )

    def __init__(
        self, order: int, steps: int, threshold: float = 1.0, *, share: float = 1.0, **options: Any
    ) -> None:
        mode = StepMode(options.pop("step_mode", "m"))
        super().__init__(steps, threshold, **options)
        self.step_mode = mode
        if type(order) is not int or not 1 <= order <= steps:
            raise ValueError(f"MaskedPSN.order: {order!r} is not an integer from 1 to {steps}")
        if not 0 <= share <= 1:
            raise ValueError(f"MaskedPSN.share: {share} is not in 0..1")
        self.order, self.share = order, float(share)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"order": self.order, "share": self.share} | super().config()

    def weights(self) -> Tensor:
        """Return the weights that are applied: a row for each step."""
        ones = torch.ones_like(self.weight)
        mask = ones.tril() * ones.triu(1 - self.order)
        weights: Tensor = self.weight * (self.share * mask + (1 - self.share))
        return weights

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes for a sequence of exactly `steps` steps, or for the next step."""
        if self.step_mode == StepMode.MULTI:
            return super().forward(x)
        if self.share < 1:
            raise ValueError("MaskedPSN.share: less than 1 reads later steps (use share=1)")
        self._check(x[None])
        self.input_shape = tuple(x.shape[1:])
        past = self.states.get("past")
        if past is not None and past.shape[1:] != x.shape:
            raise ValueError(
                f"MaskedPSN.past: the state is {tuple(past.shape[1:])} and the input "
                f"{tuple(x.shape)} (call functional.reset between samples)"
            )
        late = x[None] if past is None else torch.cat([past, x[None]])
        t = len(late) - 1
        if t >= self.steps:
            raise ValueError(
                f"MaskedPSN: has {self.steps} steps, and is given step {t + 1} "
                "(call functional.reset between samples)"
            )
        self.states = {"past": late}
        row = self.weights()[t : t + 1, : t + 1]
        with firing(self.surrogate):
            fired: Tensor = spike(row @ late.flatten(1) - self.threshold[t])
        return fired.reshape(x.shape)
