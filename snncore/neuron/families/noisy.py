"""Neurons whose input and spikes are noisy while they train; the same seed draws the same noise."""

from __future__ import annotations

from math import inf
from typing import Any

import torch
from torch import Tensor

from snncore.neuron.define import _ByName
from snncore.neuron.module import StepMode
from snncore.neuron.zoo import IF, LIF, CubaLIF


class _Noisy(_ByName):
    """Neurons with noise of the size `sigma` on their input, and `sigma_spike` on their spikes.

    Its power falls with the frequency to the `color` (0 is white). In evaluation there is none,
    and a target gets the neuron as it is. A reset starts the seed anew.
    """

    def __init__(
        self,
        *values: Any,
        sigma: float = 0.1,
        sigma_spike: float = 0.0,
        color: float = 0.0,
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(*values, **options)
        name = type(self).__name__
        for key, value in (("sigma", sigma), ("sigma_spike", sigma_spike), ("color", color)):
            if not 0 <= value < inf:
                raise ValueError(f"{name}.{key}: {value} is not a number from 0 on")
        if color and self.step_mode == StepMode.SINGLE:
            raise ValueError(
                f"{name}.color: colored noise is drawn for a whole sequence "
                '(use step_mode="m", or color=0)'
            )
        self.noise = {"sigma": float(sigma), "sigma_spike": float(sigma_spike)}
        self.noise |= {"color": float(color)}
        self.seed = int(seed)
        self.generator: torch.Generator | None = None

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return super().config() | self.noise | {"seed": self.seed}

    def reset(self) -> None:
        """Forget the states, and draw the same noise again."""
        super().reset()
        self.generator = None

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the spikes for a step or a sequence."""
        if not self.training:
            return super().forward(*inputs)
        x = inputs[0] + self._drawn("sigma", inputs[0])
        s = super().forward(x)
        return s + self._drawn("sigma_spike", s) if self.noise["sigma_spike"] else s

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"generator": None}

    def _drawn(self, size: str, like: Tensor) -> Tensor:
        """Return noise of the shape of a sequence or a step, whose first axis is time."""
        if self.generator is None:
            self.generator = torch.Generator("cpu").manual_seed(self.seed)
        noise = torch.randn(like.shape, generator=self.generator)
        if self.noise["color"] and len(noise) > 1:
            noise = _colored(noise, self.noise["color"])
        return (self.noise[size] * noise).to(like)


def _colored(white: Tensor, exponent: float) -> Tensor:
    """Return noise over the first axis whose power falls with the frequency, of variance 1."""
    steps = len(white)
    frequencies = torch.fft.rfftfreq(steps).clamp(min=1 / steps)
    sizes = frequencies ** (-exponent / 2)
    # Every frequency but the ends counts twice in a real sequence.
    counts = torch.full_like(sizes, 2.0)
    counts[0] = 1.0
    if steps % 2 == 0:
        counts[-1] = 1.0
    sizes = sizes / ((counts * sizes**2).sum() / steps).sqrt()
    spectrum = torch.fft.rfft(white, dim=0) * sizes.reshape(-1, *[1] * (white.ndim - 1))
    colored: Tensor = torch.fft.irfft(spectrum, n=steps, dim=0)
    return colored


def _noisy(kind: Any, name: str, words: str) -> type[_Noisy]:
    """Return a class of neurons with noise on their input and their spikes."""
    body = {"__doc__": words, "__module__": __name__}
    noisy: type[_Noisy] = type(name, (_Noisy, kind), body)
    return noisy


NoisyIF = _noisy(IF, "NoisyIF", "Integrate and fire with noise, in training.")
NoisyLIF = _noisy(LIF, "NoisyLIF", "Leaky integrate and fire with noise, in training.")
NoisyCubaLIF = _noisy(
    CubaLIF, "NoisyCubaLIF", "Current based leaky integrate and fire with noise, in training."
)
