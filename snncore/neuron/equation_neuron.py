"""A neuron whose equations run on float tensors, by the fastest backend that takes them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar

import torch
from torch import Tensor

from snncore.dynamics import Equations, firing, numbers_like
from snncore.dynamics.equations import Step
from snncore.dynamics.printing.render import render
from snncore.kernels import (
    TORCH,
    BackendReport,
    Output,
    Work,
    backend,
    check_output,
    choose,
    host_of,
    narrowed,
    prepared,
    run_loop,
    run_sequence,
)
from snncore.neuron.at_once import AtOnce
from snncore.neuron.module import Neuron, StepMode
from snncore.neuron.parameters import Given, assign, plain, shaped

# The options that a loop depends on, besides the equations and the parameters.
_CHOSEN = ("surrogate", "backend", "output", "keep_states")


_Taken = ParamSpec("_Taken")
_Result = TypeVar("_Result")


def _constant(function: Callable[_Taken, _Result]) -> Callable[_Taken, _Result]:
    """Mark a function whose result a compiled graph may keep.

    torch.compiler.assume_constant_result sets the same mark, but imports all of torch's compiler.
    """
    vars(function)["_dynamo_marked_constant"] = True
    return function


class EquationNeuron(Neuron):
    """A layer of neurons with these equations and parameters.

    `learnable` names the parameters that training changes. A parameter is a number, or a tensor
    with one value a channel or an element. `output` is the type of the spikes: that of the input,
    "uint8", or "bits". With `keep_states=False` every input starts from the initial states, and
    what they come to is not written anywhere.
    """

    # The states before the first step that are not zero.
    initial: Mapping[str, float] = {}
    _signature: str
    _at_once: AtOnce | None = None

    def __init__(
        self,
        equations: Equations,
        function: Step,
        parameters: Mapping[str, Given],
        *,
        learnable: Collection[str] = (),
        output: str = "input",
        keep_states: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.equations, self.function = equations, function
        self.output, self.keep_states = Output(output), bool(keep_states)
        check_output(equations, self.output)
        self.learnable = tuple(name for name in equations.parameters if name in learnable)
        assign(self, parameters, learnable)
        self._seen = torch.device("cpu"), torch.float32
        self._loops: dict[Any, tuple[str, str]] = {}
        self._sign()

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if "_signature" in self.__dict__ and (name in _CHOSEN or isinstance(value, float)):
            self._sign()

    def _sign(self) -> None:
        """Note as text what a loop is made for: a compiled graph is guarded by it."""
        chosen = [getattr(self, name) for name in _CHOSEN]
        self.__dict__["_signature"] = repr((self._numbers(), *chosen))
        self.__dict__["_at_once"] = None

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
        """Return the arguments that make an equal module, as plain data."""
        values = {name: plain(getattr(self, name)) for name in self.equations.parameters}
        unusual: dict[str, Any] = (
            {} if self.output == Output.INPUT else {"output": self.output.value}
        )
        if not self.keep_states:
            unusual["keep_states"] = False
        return values | {"learnable": list(self.learnable)} | unusual | super().config()

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the spikes for a step or a sequence of every input."""
        if not torch.compiler.is_compiling() and self._at_once is not None and self.record is None:
            at_once = self._at_once(self, inputs)
            if at_once is not None:
                return at_once
        self._check_inputs(inputs)
        single = self.step_mode == StepMode.SINGLE
        sequences = tuple(x.unsqueeze(0) for x in inputs) if single else inputs
        first = sequences[0]
        self._check(first)
        self.input_shape = tuple(first.shape[2:])
        self._seen = first.device, first.dtype
        kind = torch.float64 if first.dtype == torch.float64 else torch.float32
        self._check_gradient(sequences)
        spikes, states = self._run(sequences, self._begin(first, kind), kind)
        if self.keep_states:
            self.states = dict(zip(self.equations.states, states, strict=True))
        return spikes[0] if single else spikes

    def step(self, *states_and_inputs: Tensor, **parameters: Tensor) -> tuple[Tensor, ...]:
        """Compute one step in eager torch: the next states and the spikes."""
        like = states_and_inputs[-1]
        with firing(self.surrogate), numbers_like(like):
            results = self.function(*states_and_inputs, **parameters)
        return tuple(_like(result, like) for result in results)

    def source(self, language: str = "torch") -> str:
        """Return the generated source that computes this neuron in a language.

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
        """Report the backend for inputs like the last one, and the reasons against the others.

        Raises:
            ValueError: if the requested backend cannot run.
        """
        report = choose(self.backend, self._work(*self._seen))
        if report.chosen not in ("triton", "cupy") or self._seen[0].type != "cuda":
            return report
        host = host_of(self._loop(self._signature, *self._seen, False)[1])
        return report if host is None else replace(report, from_python=host.absence())

    def __getstate__(self) -> dict[str, Any]:
        # Loops are known to this process alone.
        return super().__getstate__() | {"_loops": {}, "_at_once": None}

    def _run(
        self, sequences: tuple[Tensor, ...], states: tuple[Tensor, ...], kind: torch.dtype
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return spikes and last states, and show a monitor every step."""
        if self.record is None:
            return self._run_steps(sequences, states, kind)
        fired = []
        for t in range(sequences[0].shape[0]):
            one = tuple(sequence[t : t + 1] for sequence in sequences)
            spikes, states = self._run_steps(one, states, kind)
            self._observe(spikes[0], states)
            fired.append(spikes)
        return torch.cat(fired), states

    def _run_steps(
        self, sequences: tuple[Tensor, ...], states: tuple[Tensor, ...], kind: torch.dtype
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        first = sequences[0]
        watched = self.record is not None
        chosen, loop = self._loop(self._signature, first.device, first.dtype, watched)
        eager = chosen == "torch" and not torch.compiler.is_compiling()
        parameters = {
            name: shaped(self._named(name), value, first, kind)
            for name in self.equations.parameters
            if isinstance(value := getattr(self, name), Tensor) or eager
        }
        if not eager:
            if not torch.compiler.is_compiling() and not watched:
                self.__dict__["_at_once"] = AtOnce.of(self, loop, first)
            return run_loop(loop, sequences, states, tuple(parameters.values()))

        def step(*values: Tensor) -> tuple[Tensor, ...]:
            return self.step(*values, **parameters)

        states = states or tuple(self._initial(name, first[0]) for name in self.equations.states)
        wide = tuple(sequence.to(kind) for sequence in sequences)
        spikes, states = run_sequence(step, tuple(s.to(kind) for s in states), wide)
        out = first.dtype if first.dtype.is_floating_point else kind
        return narrowed(spikes, self.output, out), states

    def _numbers(self) -> tuple[tuple[str, float], ...]:
        """Return the parameters that are plain numbers."""
        values = ((name, getattr(self, name)) for name in self.equations.parameters)
        return tuple((name, value) for name, value in values if isinstance(value, float))

    @_constant
    def _loop(
        self, signature: str, device: torch.device, input_type: torch.dtype, watched: bool
    ) -> tuple[str, str]:
        """Return the backend for such inputs, and the name of its loop."""
        key = (signature, device, input_type, watched)
        if key not in self._loops:
            work = self._work(device, input_type)
            chosen = choose(self.backend, work).chosen
            self._loops[key] = chosen, prepared(chosen, work)
        return self._loops[key]

    def _work(self, device: torch.device, input_type: torch.dtype) -> Work:
        return Work(
            self.equations,
            self.surrogate,
            device,
            input_type,
            self._numbers(),
            tuple(self.initial.get(name, 0.0) for name in self.equations.states),
            self.output,
            self.keep_states or self.record is not None,
        )

    def _begin(self, sequence: Tensor, kind: torch.dtype) -> tuple[Tensor, ...]:
        """Return the states to continue from; there are none at the beginning."""
        if not self.keep_states or not self.states:
            return ()
        return tuple(state.to(kind) for state in self._states_for(sequence[0]))

    def _check_gradient(self, inputs: tuple[Tensor, ...]) -> None:
        if self.output == Output.INPUT or not torch.is_grad_enabled():
            return
        learns = (*inputs, *self.parameters(recurse=False))
        if any(tensor.requires_grad for tensor in learns):
            raise ValueError(
                f"{type(self).__name__}.output: {self.output.value!r} carries no gradient (train "
                'with output="input", and use this one within torch.no_grad())'
            )

    def _check_inputs(self, inputs: tuple[Tensor, ...]) -> None:
        expected = self.equations.inputs
        if len(inputs) != len(expected):
            names = ", ".join(expected)
            raise TypeError(f"{type(self).__name__}: takes {names}, but got {len(inputs)}")
        for name, x in zip(expected[1:], inputs[1:], strict=True):
            if x.shape != inputs[0].shape:
                shapes = f"{tuple(x.shape)} and not {tuple(inputs[0].shape)}"
                raise ValueError(f"{self._named(name)}: is {shapes} as the first input")

    def _initial(self, name: str, x: Tensor) -> Tensor:
        return torch.full_like(x, self.initial.get(name, 0.0), requires_grad=False)

    def _named(self, name: str) -> str:
        return f"{type(self).__name__}.{name}"


def _like(result: Any, like: Tensor) -> Tensor:
    """Return a result of a step, even a number or a comparison, as a tensor like the input."""
    if isinstance(result, Tensor) and result.dtype == like.dtype:
        return result if result.shape == like.shape else result.expand_as(like)
    return torch.as_tensor(result, dtype=like.dtype, device=like.device).expand_as(like)
