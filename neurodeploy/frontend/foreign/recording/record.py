"""A recorded run of a module: hooks on its layers, and a mode that sees functions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.recording.calls import (
    Call,
    Recording,
    Ref,
    refs_in,
    replaced,
    tensors_in,
)
from neurodeploy.lines import current_line

# The limit of calls; a hundred layers over a thousand steps have a fifth of them.
_MOST_CALLS = 1 << 19
_RANDOM = ("rand", "bernoulli", "poisson", "multinomial", "normal", "exponential", "uniform")
# These return values that do not depend on those of their argument.
_LIKE = frozenset(
    f"{verb}{name}" for name in ("zeros", "ones", "empty", "full") for verb in ("new_", "")
) | {"zeros_like", "ones_like", "empty_like", "full_like", "new_tensor"}
# These make a number of a value, on which Python's own code then depends.
_NUMBERS = frozenset(
    {"tolist", "numpy", "equal", "allclose", "is_nonzero", "__bool__"}
    | {"__int__", "__index__", "__contains__", "__array__", "nonzero"}
)
# These make one too; it may be for a log, so that what the run computes decides.
_MEASURES = frozenset({"item", "__float__"})
# The attributes in which frameworks keep the states of their neurons.
_KEPT = ("v", "mem", "syn", "v_mem", "i_syn")
_CHANGES = frozenset({"__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__"})


def record(
    module: nn.Module,
    inputs: Sequence[Tensor],
    leaves: Mapping[str, nn.Module],
    measured: float | None = None,
) -> Recording:
    """Return the record of the module called with each of the inputs, one after another.

    `leaves` are the modules by path that are recorded as one call. The code is given `measured` in
    place of every number that it makes of a value.

    Raises:
        UnsupportedLayerError: if the run draws random numbers, or its code depends on values;
            names the line.
    """
    log = _Log(measured)
    hooks = []
    for path, leaf in leaves.items():
        hooks.append(leaf.register_forward_pre_hook(log.before(path), with_kwargs=True))
        hooks.append(leaf.register_forward_hook(log.after, with_kwargs=True))
    try:
        with torch.no_grad(), _Watch(log):
            for value in inputs:
                log.begin(value)
                log.end(module(value))
    finally:
        for hook in hooks:
            hook.remove()
    return log.recording


class _Log:
    """The calls so far, and the number of every tensor that is alive."""

    def __init__(self, measured: float | None) -> None:
        self.recording = Recording()
        self.measured = measured
        # Tensors are known by their identity, so that none of them may die.
        self.numbers: dict[int, int] = {}
        self.alive: list[Tensor] = []
        self.count = 0
        # The calls within which we are; only the outermost one is recorded.
        self.within: list[tuple[str, Any, Any]] = []

    def begin(self, value: Tensor) -> None:
        number = self._name(value)
        self.recording.inputs.append(number)
        self.recording.tensors[number] = value

    def end(self, output: Any) -> None:
        refs = replaced(output, self._ref)
        self.recording.outputs.append(refs)
        for ref, tensor in zip(refs_in(refs), tensors_in(output), strict=True):
            self.recording.tensors.setdefault(ref.number, tensor)

    def before(self, path: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, kwargs: Any) -> None:
            del module
            outermost = not self.within
            read = replaced((args, kwargs), self._ref) if outermost else ((), {})
            self.within.append((path, *read))

        return hook

    def after(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        """Note what a module returned, if it was called by the user's code."""
        del args, kwargs
        if len(self.within) == 1:
            path, read, named = self.within[0]
            numbers, again = [], dict[int, int]()
            for tensor in tensors_in(output):
                # A voltage that is returned may be the state itself.
                number = again.setdefault(id(tensor), 0) or self._name(tensor)
                again[id(tensor)] = number
                # The user's code may change it in place.
                self.recording.tensors[number] = tensor.detach().clone()
                numbers.append(number)
            call = (path, True, tuple(read), named, tuple(numbers), current_line())
            self._add(Call(*call, self._kept(module, again)))
        self.within.pop()

    def _kept(self, module: nn.Module, returned: Mapping[int, int]) -> dict[str, int]:
        """Return the numbers of the states that a module keeps and did not return."""
        states = {name: getattr(module, name, None) for name in _KEPT}
        return {
            name: self._name(state)
            for name, state in states.items()
            if isinstance(state, Tensor)
            and not isinstance(state, nn.Parameter)
            and id(state) not in returned
        }

    def function(self, function: Any, args: Any, kwargs: Any, result: Any) -> Any:
        """Note a call of torch's, if it depends on the input, and return what the code is given."""
        if self.within:
            return result
        name = name_of(function)
        if name.startswith(_RANDOM) or (name == "dropout" and _drops(args, kwargs)):
            raise _refused(f"{name} draws random numbers", "leave the noise out of the forward")
        read, named = replaced((tuple(args), dict(kwargs)), self._ref)
        refs = refs_in((read, named))
        if name in _LIKE or all(ref.number in self.recording.fixed for ref in refs):
            return result
        if name in _MEASURES:
            self.recording.measured = True
            return result if self.measured is None else type(result)(self.measured)
        if name in _NUMBERS:
            words = f"{name} makes a number of a value, on which the code then depends"
            raise _refused(words, "leave it out: every input has to take the same way")
        changes = name in _CHANGES or (name.endswith("_") and not name.endswith("__"))
        results = [args[0]] if changes else list(tensors_in(result))
        if results and (changes or result is not args[0]):
            numbers = tuple(self._name(tensor) for tensor in results)
            self._add(Call(name, False, read, named, numbers, current_line()))
        return result

    def _add(self, call: Call) -> None:
        self.recording.calls.append(call)
        if len(self.recording.calls) > _MOST_CALLS:
            raise UnsupportedLayerError(
                f"its run has more than {_MOST_CALLS:,} calls",
                remedy="give an example of fewer steps",
            )

    def _name(self, tensor: Tensor) -> int:
        """Return a new number for a tensor."""
        self.count += 1
        self.numbers[id(tensor)] = self.count
        self.alive.append(tensor)
        self.recording.shapes[self.count] = tuple(tensor.shape)
        return self.count

    def _ref(self, tensor: Tensor) -> Ref:
        number = self.numbers.get(id(tensor))
        if number is None:
            lasting = isinstance(tensor, nn.Parameter)
            if lasting:
                number = self._name(tensor)
            else:
                self.count += 1
                number = self.count
                self.recording.shapes[number] = tuple(tensor.shape)
            with torch._C.DisableTorchFunction():
                self.recording.fixed[number] = tensor if lasting else tensor.detach().clone()
        return Ref(number)


class _Watch(TorchFunctionMode):
    """A mode in which every function of torch's is noted after it ran."""

    def __init__(self, log: _Log) -> None:
        super().__init__()
        self.log = log

    def __torch_function__(
        self, func: Any, types: Collection[type], args: Any = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        return self.log.function(func, args, kwargs or {}, result)


def name_of(function: Any) -> str:
    """Return the name of a function of torch's; `.T` for an attribute."""
    name = str(getattr(function, "__name__", function))
    if name == "__get__":
        return f".{getattr(function.__self__, '__name__', '')}"
    return name


def _drops(args: Any, kwargs: Any) -> bool:
    training = args[2] if len(args) > 2 else kwargs.get("training", True)
    return bool(training)


def _refused(words: str, remedy: str) -> UnsupportedLayerError:
    line = current_line()
    return UnsupportedLayerError(f"{line}: {words}" if line else words, remedy=remedy)
