"""A neuron whose equations run on float tensors, by the fastest backend that takes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor

from snncore.dynamics import Equations, firing, numbers_like
from snncore.dynamics.render import render
from snncore.dynamics.zoo import Step
from snncore.kernels import TORCH, BackendReport, Work, backend, choose
from snncore.neuron.module import Neuron, StepMode
from snncore.neuron.parameters import Given, assign, plain, shaped

# States and parameters are no narrower than float32; float64 stays what it is.
_WIDE = torch.float64


class EquationNeuron(Neuron):
    """A layer of neurons with these equations and parameters.

    `learnable` names the parameters that training changes. A parameter is a number, or a tensor
    with one value a channel or an element.
    """

    # What states are before the first step, where that is not zero.
    initial: Mapping[str, float] = {}

    def __init__(
        self,
        equations: Equations,
        function: Step,
        parameters: Mapping[str, Given],
        *,
        learnable: Collection[str] = (),
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.equations, self.function = equations, function
        self.learnable = tuple(name for name in equations.parameters if name in learnable)
        assign(self, parameters, learnable)
        self._seen = torch.device("cpu"), torch.float32

    @property
    def parameter_values(self) -> dict[str, Any]:
        """Parameters by name: numbers, or tensors shaped to meet the layer."""
        values = {name: getattr(self, name) for name in self.equations.parameters}
        if self.input_shape is None:
            return values
        sequence = torch.empty((0, 0, *self.input_shape), device="meta")
        return {
            name: shaped(self._named(name), value.detach(), sequence, value.dtype)
            if isinstance(value, Tensor)
            else value
            for name, value in values.items()
        }

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal module, as plain data."""
        values = {name: plain(getattr(self, name)) for name in self.equations.parameters}
        return values | {"learnable": list(self.learnable)} | super().config()

    def forward(self, *inputs: Tensor) -> Tensor:
        """The spikes for a step or a sequence of every input."""
        self._check_inputs(inputs)
        single = self.step_mode == StepMode.SINGLE
        kind = torch.float64 if inputs[0].dtype == _WIDE else torch.float32
        sequences = tuple((x.unsqueeze(0) if single else x).to(kind) for x in inputs)
        self._check(sequences[0])
        self.input_shape = tuple(sequences[0].shape[2:])
        self._seen = sequences[0].device, kind
        parameters = {
            name: shaped(self._named(name), getattr(self, name), sequences[0], kind)
            for name in self.equations.parameters
        }
        states = self._states_for(sequences[0][0])
        spikes, states = self._run(sequences, states, parameters)
        self.states = dict(zip(self.equations.states, states, strict=True))
        if inputs[0].dtype.is_floating_point:
            spikes = spikes.to(inputs[0].dtype)
        return spikes[0] if single else spikes

    def step(self, *states_and_inputs: Tensor, **parameters: Tensor) -> tuple[Tensor, ...]:
        """One step in eager torch: the next states and the spikes."""
        like = states_and_inputs[-1]
        with firing(self.surrogate), numbers_like(like):
            results = self.function(*states_and_inputs, **parameters)
        return tuple(_like(result, like) for result in results)

    def source(self, language: str = "torch") -> str:
        """The generated source that computes this neuron in a language.

        Raises:
            ValueError: if nothing is generated in that language.
        """
        if language == "torch":
            return render(self.equations, TORCH)
        source = getattr(backend(language), "source", None)
        if source is None:
            raise ValueError(f"{self._named('source')}: nothing is generated for {language!r}")
        text: str = source(self._work(*self._seen))
        return text

    def backend_report(self) -> BackendReport:
        """The backend for inputs like the last one, and why others were refused.

        Raises:
            ValueError: if the backend asked for cannot run.
        """
        return choose(self.backend, self._work(*self._seen))

    def _run(
        self, sequences: tuple[Tensor, ...], states: tuple[Tensor, ...], parameters: dict[str, Any]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        work = self._work(*self._seen)
        runner = backend(choose(self.backend, work).chosen)
        if self.record is None:
            return runner.run(work, sequences, states, parameters)
        fired = []
        for t in range(sequences[0].shape[0]):
            one = tuple(sequence[t : t + 1] for sequence in sequences)
            spikes, states = runner.run(work, one, states, parameters)
            self._observe(spikes[0], states)
            fired.append(spikes)
        return torch.cat(fired), states

    def _work(self, device: torch.device, kind: torch.dtype) -> Work:
        return Work(
            self.equations,
            self.surrogate.gradient,
            self.step,
            (self.equations, self.surrogate),
            device,
            kind,
        )

    def _check_inputs(self, inputs: tuple[Tensor, ...]) -> None:
        expected = self.equations.inputs
        if len(inputs) != len(expected):
            names = ", ".join(expected)
            raise TypeError(f"{type(self).__name__}: takes {names}, and is given {len(inputs)}")
        for name, x in zip(expected, inputs, strict=True):
            if x.shape != inputs[0].shape:
                shapes = f"{tuple(x.shape)} and not {tuple(inputs[0].shape)}"
                raise ValueError(f"{self._named(name)}: is {shapes} as the first input")

    def _initial(self, name: str, x: Tensor) -> Tensor:
        return torch.full_like(x, self.initial.get(name, 0.0), requires_grad=False)

    def _named(self, name: str) -> str:
        return f"{type(self).__name__}.{name}"


def _like(result: Any, like: Tensor) -> Tensor:
    """A result of a step as a tensor like its input, also where it is a number or a comparison."""
    if isinstance(result, Tensor) and result.dtype == like.dtype:
        return result if result.shape == like.shape else result.expand_as(like)
    return torch.as_tensor(result, dtype=like.dtype, device=like.device).expand_as(like)
