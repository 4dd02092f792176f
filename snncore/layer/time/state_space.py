"""Diagonal state spaces (S4D, Gu et al. 2022): leaky rotations that add up to long memories.

All steps of a sequence at once are a convolution, one after another a recurrence; both compute the
same. As neurons that fire on the sum, the recurrence goes onto a chip's integers.
"""

from __future__ import annotations

import math
from functools import lru_cache
from inspect import Parameter, Signature
from typing import Any

import torch
from torch import Tensor, nn

from snncore.dynamics import Equations, spike, trace
from snncore.layer.steps import numbers
from snncore.layer.time.state import StateLayer
from snncore.neuron import Defined

# More rotations would need more names than a neuron's equations may have.
_MOST = 16


class S4D(StateLayer):
    """A state space for each channel of (T, N, C, ...): `order` rotations and a shortcut.

    Each rotation holds a complex value, h' = exp(step * a) * h + b * x, and the output is twice
    the real part of all c * h', plus d * x. The paper's start is a = -1/2 + i pi n, with steps
    drawn between `shortest` and `longest`. A longest sequence of 1 / shortest steps is remembered.
    """

    def __init__(
        self,
        channels: int,
        order: int = 32,
        *,
        shortest: float = 1e-3,
        longest: float = 1e-1,
        step_mode: str = "m",
    ) -> None:
        super().__init__(step_mode)
        if channels < 1 or order < 1:
            raise ValueError(f"S4D: {channels} channels of {order} rotations (one or more of both)")
        if not 0 < shortest <= longest:
            raise ValueError(f"S4D: steps from {shortest} to {longest} (positive, in this order)")
        self.channels, self.order = int(channels), int(order)
        self.shortest, self.longest = float(shortest), float(longest)
        low, high = math.log(shortest), math.log(longest)
        self.log_step = nn.Parameter(low + (high - low) * torch.rand(channels))
        self.log_decay = nn.Parameter(torch.full((channels, order), math.log(0.5)))
        frequencies = math.pi * torch.arange(order, dtype=torch.float32)
        self.frequency = nn.Parameter(frequencies.expand(channels, order).clone())
        # The real and the imaginary part of c.
        self.mix = nn.Parameter(torch.randn(channels, order, 2) * math.sqrt(0.5))
        self.skip = nn.Parameter(torch.randn(channels))

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        own = {"channels": self.channels, "order": self.order}
        return own | {"shortest": self.shortest, "longest": self.longest} | super().config()

    def discrete(self) -> tuple[Tensor, Tensor]:
        """Return each rotation's factor a step, and 2 c b, for inputs held through a step."""
        step = self.log_step.exp()[:, None]
        rate = torch.complex(-self.log_decay.exp(), self.frequency)
        turn = torch.exp(step * rate)
        gain = 2 * torch.view_as_complex(self.mix.contiguous()) * ((turn - 1) / rate)
        return turn, gain

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs of a sequence at once, or of one step."""
        sequence = self.sequence(numbers(x, self.skip.dtype))
        if sequence.ndim < 3 or sequence.shape[2] != self.channels:
            raise ValueError(
                f"S4D: takes (T, N, {self.channels}, ...), or (N, {self.channels}, ...) with "
                f'step_mode="s", but got {tuple(x.shape)}'
            )
        self.input_shape = tuple(sequence.shape[2:])
        # Time last, and the channels before whatever a sample has besides.
        moved = sequence.transpose(1, 2).flatten(2).permute(2, 1, 0)
        past = self._past(moved)
        together = self._one(moved, past) if moved.shape[-1] == 1 else self._all(moved, past)
        outputs = together + self.skip[:, None] * moved
        shape = (sequence.shape[0], self.channels, sequence.shape[1], *sequence.shape[3:])
        whole = outputs.permute(2, 1, 0).reshape(shape).transpose(1, 2)
        return self.as_given(whole)

    def _past(self, moved: Tensor) -> Tensor | None:
        """Return the complex states before these inputs (B, C, T), or None.

        Raises:
            ValueError: if they do not fit the inputs.
        """
        like = moved.new_empty((*moved.shape[:2], self.order))
        real, imaginary = self.kept("re", like), self.kept("im", like)
        if real is None or imaginary is None:
            return None
        return torch.complex(real, imaginary)

    def _one(self, moved: Tensor, past: Tensor | None) -> Tensor:
        turn, gain = self.discrete()
        state = gain * moved
        if past is not None:
            state = turn * past + state
        self._keep(state)
        return state.real.sum(-1, keepdim=True)

    def _all(self, moved: Tensor, past: Tensor | None) -> Tensor:
        """Compute the convolution with the response to one input, and the response to the past."""
        turn, gain = self.discrete()
        steps = moved.shape[-1]
        # Powers by products in one order would round as the recurrence, and take as long.
        powers = torch.exp(torch.log(turn)[..., None] * torch.arange(steps, device=moved.device))
        kernel = (gain[..., None] * powers).real.sum(1)
        length = 2 * steps
        spectrum = torch.fft.rfft(moved, length) * torch.fft.rfft(kernel, length)
        outputs: Tensor = torch.fft.irfft(spectrum, length)[..., :steps]
        last = torch.einsum("cnt,bct->bcn", powers.flip(-1), moved.to(powers.dtype)) * gain
        if past is not None:
            later = powers * turn[..., None]
            outputs = outputs + torch.einsum("bcn,cnt->bct", past, later).real
            last = last + later[..., -1] * past
        self._keep(last)
        return outputs

    def _keep(self, state: Tensor) -> None:
        self.states = {"re": state.real, "im": state.imag}

    @torch.no_grad()
    def neurons(self, threshold: float = 1.0, **options: Any) -> Defined:
        """Return neurons that compute the recurrence, and fire where its output is the threshold.

        Their numbers are those of this layer now, one of each a channel; options are a neuron's.
        Gains count in the largest of a channel, which divides the threshold.

        Raises:
            ValueError: if the order is too high for a neuron's equations.
        """
        if self.order > _MOST:
            raise ValueError(
                f"S4D.neurons: {self.order} rotations are more than a neuron's equations hold "
                f"(use order={_MOST} or less)"
            )
        turn, gain = self.discrete()
        # A rotation the other way, of mirrored values, has the same real part.
        gain = torch.where(turn.imag < 0, gain.conj(), gain)
        largest = torch.maximum(torch.view_as_real(gain).abs().amax((1, 2)), self.skip.abs())
        gain, skip = gain / largest[:, None], self.skip / largest
        values = {"threshold": threshold / largest, "d": _halved(skip)}
        for index in range(self.order):
            values[f"a{index}"] = _halved(turn.real[:, index])
            values[f"b{index}"] = turn.imag[:, index].abs()
            values[f"p{index}"] = _halved(gain.real[:, index])
            values[f"q{index}"] = _halved(gain.imag[:, index])
        equations = _equations(self.order)
        initial = dict.fromkeys(equations.states, 0.0)
        options.setdefault("step_mode", self.step_mode)
        return Defined(equations, values, initial, **options)


def _halved(value: Tensor) -> Tensor:
    """Return a number of -1 to 1 as one of 0 to 1, which is all that chips multiply by."""
    return (value + 1) / 2


def _signed(share: Any, value: Any) -> Any:
    """Multiply by the number that is stored as (1 + it) / 2."""
    part = share * value
    return part + part - value


@lru_cache
def _equations(order: int) -> Equations:
    states = tuple(f"{part}{index}" for index in range(order) for part in ("re", "im"))
    names = [f"{part}{index}" for index in range(order) for part in "abpq"]

    def step(*values: Any, **numbers: Any) -> tuple[Any, ...]:
        *past, x = values
        output, following = _signed(numbers["d"], x), []
        for index in range(order):
            real, imaginary = past[2 * index : 2 * index + 2]
            a, b, p, q = (numbers[f"{part}{index}"] for part in "abpq")
            turned = _signed(a, real) - b * imaginary + _signed(p, x)
            following += [turned, _signed(a, imaginary) + b * real + _signed(q, x)]
            output = output + turned
        return (*following, spike(output - numbers["threshold"]))

    arguments = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in (*states, "x")]
    parameters = (*names, "d", "threshold")
    keywords = [Parameter(name, Parameter.KEYWORD_ONLY) for name in parameters]
    vars(step)["__signature__"] = Signature([*arguments, *keywords])
    return trace(step, states=states, parameters=parameters, name="S4D")
