"""Watches: values at the layers of a network, one a call, until the watch is closed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from types import TracebackType
from typing import Any

from torch import Tensor, nn

from snncore.neuron import Neuron

Transform = Callable[[Any], Any]
Kinds = type[nn.Module] | tuple[type[nn.Module], ...]


class Watch(Mapping[str, list[Any]]):
    """What was seen at each layer by its name; close it, or use it in a `with`."""

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
        kept = value if self._transform is None else self._transform(value)
        self._seen.setdefault(name, []).append(kept)

    def attend(self, name: str, module: nn.Module, hook: Callable[..., None]) -> None:
        """See to it that the hook is called after the module's forward."""
        self._seen.setdefault(name, [])
        self._handles.append(module.register_forward_hook(hook))

    def clear(self) -> None:
        """Forget what was seen, and go on."""
        for values in self._seen.values():
            values.clear()

    def close(self) -> None:
        """Keep what there is and let the layers go."""
        self._open = False
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def latest(self) -> dict[str, Any]:
        """The last value of each layer that was called."""
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


def inputs(
    network: nn.Module,
    kinds: Kinds = Neuron,
    *,
    names: Collection[str] | None = None,
    transform: Transform | None = None,
    detach: bool = True,
) -> Watch:
    """Watch the first input of layers of these kinds, or of these names."""
    watch = Watch(transform, detach)
    for name, module in _chosen(network, kinds, names):
        watch.attend(name, module, lambda m, given, made, name=name: watch.add(name, given[0]))
    return watch


def outputs(
    network: nn.Module,
    kinds: Kinds = Neuron,
    *,
    names: Collection[str] | None = None,
    transform: Transform | None = None,
    detach: bool = True,
) -> Watch:
    """Watch the output of layers of these kinds, or of these names."""
    watch = Watch(transform, detach)
    for name, module in _chosen(network, kinds, names):
        watch.attend(name, module, lambda m, given, made, name=name: watch.add(name, made))
    return watch


def attribute(
    network: nn.Module,
    key: str,
    kinds: Kinds = Neuron,
    *,
    names: Collection[str] | None = None,
    transform: Transform | None = None,
    detach: bool = True,
) -> Watch:
    """Watch an attribute, or one of a neuron's states, after every call."""
    watch = Watch(transform, detach)

    def look(name: str, module: nn.Module) -> None:
        states = getattr(module, "states", {})
        watch.add(name, states[key] if key in states else getattr(module, key))

    for name, module in _chosen(network, kinds, names):
        watch.attend(name, module, lambda m, given, made, name=name: look(name, m))
    return watch


def input_gradients(
    network: nn.Module,
    kinds: Kinds = Neuron,
    *,
    names: Collection[str] | None = None,
    transform: Transform | None = None,
) -> Watch:
    """Watch the gradient of the loss by the first input; the last call's comes first."""
    watch = Watch(transform, True)
    for name, module in _chosen(network, kinds, names):
        watch.attend(name, module, lambda m, given, made, name=name: _follow(watch, name, given[0]))
    return watch


def output_gradients(
    network: nn.Module,
    kinds: Kinds = Neuron,
    *,
    names: Collection[str] | None = None,
    transform: Transform | None = None,
) -> Watch:
    """Watch the gradient of the loss by the output; the last call's comes first."""
    watch = Watch(transform, True)
    for name, module in _chosen(network, kinds, names):
        watch.attend(name, module, lambda m, given, made, name=name: _follow(watch, name, made))
    return watch


def _follow(watch: Watch, name: str, value: Tensor) -> None:
    if value.requires_grad:
        value.register_hook(lambda gradient: watch.add(name, gradient))


def _chosen(
    network: nn.Module, kinds: Kinds, names: Collection[str] | None
) -> Iterator[tuple[str, nn.Module]]:
    modules = dict(network.named_modules())
    if names is None:
        yield from ((name, m) for name, m in modules.items() if isinstance(m, kinds))
        return
    for name in names:
        if name not in modules:
            known = ", ".join(filter(None, modules))
            raise ValueError(f"monitor: there is no layer {name!r}; there are {known}")
        yield name, modules[name]
