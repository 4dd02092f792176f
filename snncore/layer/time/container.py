"""Containers that decide who sees time: layers step by step, or all steps at once."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from snncore.layer.steps import leading_axes
from snncore.layer.time.state import StateLayer
from snncore.layer.weights.linear import Layer


class TimeDistributed(Layer):
    """A module of torch's own, for one step (N, ...), on all steps of a sequence at once."""

    def __init__(self, module: nn.Module, step_mode: str = "m") -> None:
        super().__init__()
        leading_axes(step_mode, type(self).__name__)
        self.module, self.step_mode = module, step_mode

    def forward(self, x: Tensor) -> Tensor:
        """Apply the module to every step."""
        if self.step_mode == "s":
            self.input_shape = tuple(x.shape[1:])
            step: Tensor = self.module(x)
            return step
        self.input_shape = tuple(x.shape[2:])
        steps: Tensor = self.module(x.flatten(0, 1))
        return steps.reshape(*x.shape[:2], *steps.shape[1:])


class Steps(StateLayer):
    """A module that takes single steps, on a sequence: one step after another."""

    def __init__(self, module: nn.Module, step_mode: str = "m") -> None:
        super().__init__(step_mode)
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """Apply the module step by step."""
        self.input_shape = tuple(self.sequence(x).shape[2:])
        return self.as_given(torch.stack([self.module(step) for step in self.sequence(x)]))


class Sequence(nn.Sequential):
    """One layer after another over the whole sequence; modules of torch's own see single steps.

    A module is taken as it is if it is a neuron, a layer of ours or a container; all others get
    time merged into the batch.
    """

    def __init__(self, *modules: nn.Module) -> None:
        super().__init__(*(_over_time(module) for module in modules))


def _over_time(module: nn.Module) -> nn.Module:
    knows_time = any(hasattr(part, "input_shape") for part in module.modules())
    idle = isinstance(module, nn.Identity)
    return module if knows_time or idle else TimeDistributed(module)


class Recurrent(StateLayer):
    """A body whose output of one step is added to its input of the next.

    Without `feedback` it is added as it is, element by element; with it, what the feedback (a
    Linear, a Conv2d, ...) makes of it. Only this layer runs step by step: before and behind it
    sequences stay whole. In the first step there is nothing to feed back; with `from_start`, the
    feedback computes on zeros then, so that its bias counts from the first step on.

    With `separate`, the body gets it as a second input instead, and adds it where its equations
    say; in the first step it is what the feedback makes of zeros, such as its bias.
    """

    def __init__(
        self,
        body: nn.Module,
        feedback: nn.Module | None = None,
        *,
        separate: bool = False,
        from_start: bool = False,
        step_mode: str = "m",
    ) -> None:
        super().__init__(step_mode)
        self.body, self.feedback, self.separate = body, feedback, bool(separate)
        self.from_start = bool(from_start)
        # The modules inside always take single steps.
        for part in self.modules():
            if part is not self and hasattr(part, "step_mode"):
                part.step_mode = type(part.step_mode)("s")

    def config(self) -> dict[str, Any]:
        """Return the arguments besides the modules inside, as plain data."""
        unusual = {name: True for name in ("separate", "from_start") if getattr(self, name)}
        return super().config() | unusual

    def forward(self, x: Tensor) -> Tensor:
        """Return the body's outputs."""
        self.input_shape = tuple(self.sequence(x).shape[2:])
        last = self.states.get("output")
        if last is None and self.from_start:
            last = self._nothing(self.sequence(x)[0])
        outputs = []
        for step in self.sequence(x):
            if self.separate:
                before = torch.zeros_like(step) if last is None else last
                last = self.body(step, self._fed_back(before))
            else:
                last = self.body(step if last is None else step + self._fed_back(last))
            outputs.append(last)
        self.states["output"] = outputs[-1]
        return self.as_given(torch.stack(outputs))

    def _nothing(self, step: Tensor) -> Tensor:
        """Return zeros of the output's shape, as if a step without input had sent nothing."""
        if not isinstance(self.body, nn.Sequential):
            return torch.zeros_like(step)
        shapes = copy.deepcopy(self.body)
        with torch.no_grad():
            return torch.zeros_like(shapes(torch.zeros_like(step)))

    def _fed_back(self, last: Tensor) -> Tensor:
        return last if self.feedback is None else self.feedback(last)
