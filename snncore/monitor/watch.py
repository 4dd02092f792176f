"""Watches: values at the layers of a network, one a call, until the watch is closed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from types import TracebackType
from typing import Any, TypedDict, Unpack

from torch import Tensor, nn

from snncore.neuron import Neuron

Transform = Callable[[Any], Any]
Kinds = type[nn.Module] | tuple[type[nn.Module], ...]
# From a module, its inputs and its output to what is watched.
Look = Callable[[nn.Module, tuple[Any, ...], Any], Any]


class Watch(Mapping[str, list[Any]]):
    """The observed values of each layer by name; close it, or use it in a `with`."""

    def __init__(self, transform: Transform | None, detach: bool) -> None:
        self._transform, self._detach = transform, detach
        self._seen: dict[str, list[Any]] = {}
        self._handles: list[Any] = []
        self._open = True

    def add(self, name: str, value: Any) -> None:
        """Keep a value."""
        if not self._open:
            return
        if isinstance(value, Tensor) and self._detach:
            value = value.detach()
        observed = value if self._transform is None else self._transform(value)
        self._seen.setdefault(name, []).append(observed)

    def attend(self, name: str, module: nn.Module, hook: Callable[..., None]) -> None:
        """Call the hook after the module's forward."""
        self._seen.setdefault(name, [])
        self._handles.append(module.register_forward_hook(hook))

    def clear(self) -> None:
        """Forget what was seen, and go on."""
        for values in self._seen.values():
            values.clear()

    def close(self) -> None:
        """Keep the values so far and stop watching."""
        self._open = False
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def latest(self) -> dict[str, Any]:
        """Return the last value of each layer that was called."""
        return {name: values[-1] for name, values in self._seen.items() if values}

    def __getitem__(self, name: str) -> list[Any]:
        return self._seen[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._seen)

    def __len__(self) -> int:
        return len(self._seen)

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Chosen(TypedDict, total=False):
    """The watched layers by name, and the function that reduces a value."""

    names: Collection[str] | None
    transform: Transform | None


class Detached(Chosen, total=False):
    """The same, and whether a value keeps how it came about."""

    detach: bool


def inputs(network: nn.Module, kinds: Kinds = Neuron, **options: Unpack[Detached]) -> Watch:
    """Watch the first input of layers of these kinds, or of these names."""
    return _watched(network, kinds, _input, **options)


def all_inputs(network: nn.Module, kinds: Kinds) -> Watch:
    """Watch all inputs of layers of these kinds, as a tuple a call."""
    return _watched(network, kinds, lambda module, arguments, output: arguments)


def outputs(network: nn.Module, kinds: Kinds = Neuron, **options: Unpack[Detached]) -> Watch:
    """Watch the output of layers of these kinds, or of these names."""
    return _watched(network, kinds, _output, **options)


def attribute(
    network: nn.Module, key: str, kinds: Kinds = Neuron, **options: Unpack[Detached]
) -> Watch:
    """Watch an attribute, or one of a neuron's states, after every call."""

    def look(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> Any:
        states = getattr(module, "states", {})
        return states[key] if key in states else getattr(module, key)

    return _watched(network, kinds, look, **options)


def input_gradients(network: nn.Module, kinds: Kinds = Neuron, **options: Unpack[Chosen]) -> Watch:
    """Watch the gradient of the loss by the first input; the last call's comes first."""
    return _watched(network, kinds, _input, gradients=True, **options)


def output_gradients(network: nn.Module, kinds: Kinds = Neuron, **options: Unpack[Chosen]) -> Watch:
    """Watch the gradient of the loss by the output; the last call's comes first."""
    return _watched(network, kinds, _output, gradients=True, **options)


def _input(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> Any:
    return arguments[0]


def _output(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> Any:
    return output


def _watched(
    network: nn.Module,
    kinds: Kinds,
    look: Look,
    *,
    names: Collection[str] | None = None,
    transform: Transform | None = None,
    detach: bool = True,
    gradients: bool = False,
) -> Watch:
    """Watch a value after each call, or its gradient."""
    watch = Watch(transform, detach)

    def seen(name: str, module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
        value = look(module, arguments, output)
        if not gradients:
            watch.add(name, value)
        elif value.requires_grad:
            value.register_hook(partial(watch.add, name))

    for name, module in _chosen(network, kinds, names):
        watch.attend(name, module, partial(seen, name))
    return watch


def _chosen(
    network: nn.Module, kinds: Kinds, names: Collection[str] | None
) -> Iterator[tuple[str, nn.Module]]:
    modules = dict(network.named_modules())
    if names is None:
        yield from ((name, m) for name, m in modules.items() if isinstance(m, kinds))
        return
    for name in names:
        if name not in modules:
            layers = ", ".join(filter(None, modules))
            raise ValueError(f"monitor: unknown layer {name!r}; there are {layers}")
        yield name, modules[name]
