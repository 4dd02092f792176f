"""A network rebuilt from a description: its layers at their paths, its forward as calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from torch import Tensor, nn

from neurodeploy.errors import ModelFileError, UnsupportedLayerError
from neurodeploy.frontend.calls import INPUT, Calls
from neurodeploy.frontend.kinds import inputs_of

_FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "add": lambda a, b: a + b,
    "multiply": lambda a, b: a * b,
    "complement": lambda a: 1.0 - a,
    "flatten": lambda a: a.flatten(2),
}


class LoadedNetwork(nn.Module):
    """Layers and the calls between them."""

    def __init__(self, calls: Calls, layers: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self._calls = calls
        for path, module in layers.items():
            _add_module(self, path, module)

    def forward(self, x: Tensor) -> Tensor:
        """Return the network's output."""
        values = {INPUT: x}
        for call in self._calls.calls:
            inputs = [values[name] for name in call.inputs]
            if call.decoder is not None:
                values[call.name] = call.decoder(*inputs)
                continue
            function = _FUNCTIONS.get(call.function) or self.get_submodule(call.target)
            values[call.name] = function(*inputs)
        return values[self._calls.output]


def assembled(calls: Calls, layers: Mapping[str, nn.Module]) -> nn.Module:
    """Return a plain Sequential if the calls are one chain of its members, else a LoadedNetwork.

    Raises:
        ModelFileError: if a call reads a value that was not computed before.
    """
    computed = {INPUT}
    for call in calls.calls:
        if not set(call.inputs) <= computed or (
            call.function == "module" and call.target not in layers
        ):
            raise ModelFileError(f"layer {call.name} reads a value that is not there")
        count = len(call.inputs)
        arity = inputs_of(layers[call.target], count) if call.function == "module" else count
        if count != arity:
            raise ModelFileError(f"layer {call.name} reads {count} values, but takes {arity}")
        computed.add(call.name)
    holders = {path[:index] for path in layers for index, sign in enumerate(path) if sign == "."}
    if within := sorted(holders & set(layers)):
        raise ModelFileError(f"layer {within[0]} contains another one")
    if calls.output not in computed:
        raise ModelFileError("it does not name an output that it computes")
    if [call.target for call in calls.calls] == [""]:
        return layers[""]
    before = [INPUT, *(call.name for call in calls.calls)]
    sequence = nn.Sequential()
    chain = all(
        call.function == "module"
        and "." not in call.target
        and call.inputs == (source,)
        and not hasattr(sequence, call.target)
        for call, source in zip(calls.calls, before, strict=False)
    )
    require_free_names(layers)
    if chain and calls.output == before[-1]:
        for call in calls.calls:
            sequence.add_module(call.target, layers[call.target])
        return sequence
    return LoadedNetwork(calls, layers)


def require_free_names(paths: Iterable[str]) -> None:
    """Check that no layer, and no parent of one, has the name of a module's attribute.

    Raises:
        UnsupportedLayerError: if one has; names it.
    """
    empty = LoadedNetwork(Calls((), INPUT), {})
    for path in paths:
        for name in path.split(".") if path else ():
            if hasattr(empty, name) or not name:
                raise UnsupportedLayerError(
                    f"layer {path!r}: {name!r} is not a name for a layer: torch's modules use it",
                    remedy="rename the layer",
                )


def _add_module(root: nn.Module, path: str, module: nn.Module) -> None:
    *parents, name = path.split(".")
    holder = root
    for parent in parents:
        children = dict(holder.named_children())
        if parent not in children:
            holder.add_module(parent, nn.Module())
        holder = holder.get_submodule(parent)
    holder.add_module(name, module)
