"""Recurrent layers whose gates are spikes: RNN, GRU and LSTM."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from snncore.layer.time.state import StateLayer
from snncore.surrogate import Erf, Surrogate


class _Weights(nn.Module):
    """The weights of one direction: those of the input and those of the last step's output."""

    def __init__(self, inputs: int, hidden: int, gates: int, bias: bool) -> None:
        super().__init__()
        self.linear_ih = nn.Linear(inputs, gates * hidden, bias)
        self.linear_hh = nn.Linear(hidden, gates * hidden, bias)
        bound = hidden**-0.5
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)


class _Cell(StateLayer):
    """The common part: (T, N, inputs) to (T, N, hidden), twice as wide in both directions."""

    gates: ClassVar[int]
    names: ClassVar[tuple[str, ...]] = ("h",)

    def __init__(
        self,
        inputs: int,
        hidden: int,
        bias: bool = True,
        *,
        bidirectional: bool = False,
        surrogate: Surrogate | None = None,
        step_mode: str = "m",
    ) -> None:
        super().__init__(step_mode)
        if inputs < 1 or hidden < 1:
            raise ValueError(f"{type(self).__name__}: {inputs} inputs and {hidden} hidden neurons")
        self.inputs, self.hidden, self.bias = int(inputs), int(hidden), bool(bias)
        self.bidirectional = bool(bidirectional)
        self.surrogate = surrogate if surrogate is not None else Erf()
        self.forth = _Weights(self.inputs, self.hidden, self.gates, self.bias)
        self.back = (
            _Weights(self.inputs, self.hidden, self.gates, self.bias) if bidirectional else None
        )

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        sizes = {"inputs": self.inputs, "hidden": self.hidden, "bias": self.bias}
        slope = {"type": type(self.surrogate).__name__} | self.surrogate.values()
        options = {"bidirectional": self.bidirectional, "surrogate": slope}
        return sizes | options | super().config()

    def forward(self, x: Tensor) -> Tensor:
        """Return the hidden outputs of every step."""
        name, sequence = type(self).__name__, self.sequence(x)
        if sequence.ndim != 3 or sequence.shape[2] != self.inputs or not len(sequence):
            raise ValueError(
                f"{name}: takes (T, N, {self.inputs}), or (N, {self.inputs}) with "
                f'step_mode="s", but got {tuple(x.shape)}'
            )
        if self.back is not None and self.step_mode == "s":
            raise ValueError(
                f"{name}.bidirectional: reads the last step first (give whole sequences, "
                'step_mode="m")'
            )
        self.input_shape = (self.inputs,)
        outputs = self._direction(self.forth, sequence, "")
        if self.back is not None:
            reversed_outputs = self._direction(self.back, sequence.flip(0), "_back")
            outputs = torch.cat([outputs, reversed_outputs.flip(0)], -1)
        return self.as_given(outputs)

    def _direction(self, weights: _Weights, sequence: Tensor, suffix: str) -> Tensor:
        zeros = sequence.new_zeros(sequence.shape[1], self.hidden)
        states = tuple(zeros for _ in self.names)
        for index, name in enumerate(self.names):
            stored = self.kept(name + suffix, zeros)
            if stored is not None:
                states = (*states[:index], stored, *states[index + 1 :])
        driven = weights.linear_ih(sequence)
        outputs = []
        for drive in driven:
            states = self._step(drive, weights.linear_hh(states[0]), states)
            outputs.append(states[0])
        self.states |= {f"{n}{suffix}": value for n, value in zip(self.names, states, strict=True)}
        return torch.stack(outputs)

    def _step(self, drive: Tensor, fed: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        raise NotImplementedError


class SpikingRNN(_Cell):
    """h' = spike(W x + U h)."""

    gates = 1

    def _step(self, drive: Tensor, fed: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (self.surrogate(drive + fed),)


class SpikingGRU(_Cell):
    """h' = (1 - z) n + z h, with gates r and z that are spikes: n = spike(W x + r U h)."""

    gates = 3

    def _step(self, drive: Tensor, fed: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        (h,) = states
        (x_r, x_z, x_n), (h_r, h_z, h_n) = drive.chunk(3, -1), fed.chunk(3, -1)
        r, z = self.surrogate(x_r + h_r), self.surrogate(x_z + h_z)
        n = self.surrogate(x_n + r * h_n)
        return ((1 - z) * n + z * h,)


class SpikingLSTM(_Cell):
    """c' = f c + i g, at most 1, and h' = o c', with gates that are spikes."""

    gates = 4
    names = ("h", "c")

    def _step(self, drive: Tensor, fed: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        _, c = states
        i, f, g, o = self.surrogate(drive + fed).chunk(4, -1)
        c = c * f + i * g
        # The bound changes the value and not the gradient.
        c = c + (c.clamp(max=1.0) - c).detach()
        return c * o, c
