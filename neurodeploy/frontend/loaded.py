"""A network rebuilt from a description: its layers at their paths, its forward as calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from neurodeploy.errors import ModelFileError
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
            _place(self, path, module)

    def forward(self, x: Tensor) -> Tensor:
        """The network's output."""
        values = {INPUT: x}
        for call in self._calls.calls:
            inputs = [values[name] for name in call.inputs]
            function = _FUNCTIONS.get(call.function) or self.get_submodule(call.target)
            values[call.name] = function(*inputs)
        return values[self._calls.output]


def assembled(calls: Calls, layers: Mapping[str, nn.Module]) -> nn.Module:
    """A plain Sequential where the calls are one chain of its members, else a LoadedNetwork.

    Raises:
        ModelFileError: if a call reads what was not computed before.
    """
    known = {INPUT}
    for call in calls.calls:
        if not set(call.inputs) <= known or (
            call.function == "module" and call.target not in layers
        ):
            raise ModelFileError(f"layer {call.name} reads what is not there")
        wanted = inputs_of(layers[call.target]) if call.function == "module" else len(call.inputs)
        if len(call.inputs) != wanted:
            raise ModelFileError(
                f"layer {call.name} reads {len(call.inputs)} values, and takes {wanted}"
            )
        known.add(call.name)
    if calls.output not in known:
        raise ModelFileError("it names no output that it computes")
    if [call.target for call in calls.calls] == [""]:
        return layers[""]
    before = [INPUT, *(call.name for call in calls.calls)]
    chain = all(
        call.function == "module" and "." not in call.target and call.inputs == (source,)
        for call, source in zip(calls.calls, before, strict=False)
    )
    if chain and calls.output == before[-1]:
        sequence = nn.Sequential()
        for call in calls.calls:
            setattr(sequence, call.target, layers[call.target])
        return sequence
    return LoadedNetwork(calls, layers)


def _place(root: nn.Module, path: str, module: nn.Module) -> None:
    *parents, name = path.split(".")
    holder = root
    for parent in parents:
        if parent not in dict(holder.named_children()):
            setattr(holder, parent, nn.Module())
        holder = holder.get_submodule(parent)
    # Unlike add_module, this takes a layer that is called as a method of modules is.
    setattr(holder, name, module)
