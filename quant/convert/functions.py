"""Torch's functions and methods in a traced forward: those that move values, as layers, and others.

A function stands in a traced forward with its arguments; each row of the table returns the layers
that compute it, one after another, and None where it is called in a way that they do not cover.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional as F

from snncore import layer
from snncore.decoding import decoder_called
from snncore.neuron import Neuron


@dataclass(frozen=True)
class Moved:
    """The values that a call reads, and the layers that compute what it returns."""

    sources: tuple[fx.Node, ...]
    layers: tuple[nn.Module, ...]


@dataclass(frozen=True)
class _Called:
    """A call's arguments after the first, with the axes before a sample's."""

    args: tuple[Any, ...]
    options: dict[str, Any]
    step_mode: str

    @property
    def leading(self) -> int:
        return 1 if self.step_mode == "s" else 2

    def value(self, index: int, name: str, otherwise: Any = None) -> Any:
        """Return an argument by its index or its name."""
        return self.args[index] if index < len(self.args) else self.options.get(name, otherwise)

    def axis(self, dim: Any) -> int | None:
        """Return torch's axis as one of a sample, if it is one."""
        if type(dim) is not int or 0 <= dim < self.leading:
            return None
        return dim if dim < 0 else dim - self.leading

    def rest(self, name: str) -> tuple[Any, ...]:
        """Return arguments that are given one by one or as a sequence."""
        first = self.value(0, name, ())
        return tuple(first) if isinstance(first, list | tuple) else self.args


_Layers = Sequence[nn.Module] | None


def step_mode_of(network: nn.Module) -> str:
    """Return the step mode of a network's neurons: "s" if all take single steps."""
    modes = {str(part.step_mode) for part in network.modules() if isinstance(part, Neuron)}
    return "s" if modes == {"s"} else "m"


def moved(node: fx.Node, step_mode: str) -> Moved | None:
    """Return the layers for a call of a traced forward, or None where it moves no values."""
    if node.op not in ("call_function", "call_method"):
        return None
    if node.target is operator.getitem:
        return _item(node, step_mode)
    make = _TABLE.get(node.target)
    if make is None or not node.args:
        return None
    first, *more = node.args
    sources = tuple(first) if isinstance(first, list | tuple) else (first,)
    if not sources or not all(isinstance(source, fx.Node) for source in sources):
        return None
    layers = make(_Called(tuple(more), dict(node.kwargs), step_mode))
    several = len(sources) == 1 or node.target in _JOINS
    return Moved(sources, tuple(layers)) if layers is not None and several else None


def is_size(node: fx.Node) -> bool:
    """Return whether a call asks for a value's shape, or for one length of it."""
    if node.op == "call_method" and node.target == "size":
        return True
    if node.target is getattr and node.args[1] == "shape":
        return True
    read = node.args[0] if node.target is operator.getitem else None
    return isinstance(read, fx.Node) and is_size(read)


def is_parts(node: fx.Node) -> bool:
    """Return whether a call returns several parts of a value, which are then taken one by one."""
    return node.op in ("call_function", "call_method") and node.target in _PARTS


def _item(node: fx.Node, step_mode: str) -> Moved | None:
    """Return the layers of `parts[i]` and of `x[:, :, a:b]`."""
    source, index = node.args
    if not isinstance(source, fx.Node):
        return None
    called = _Called((), {}, step_mode)
    if is_parts(source) and type(index) is int:
        first, *more = source.args
        arguments = _Called(tuple(more), dict(source.kwargs), step_mode)
        part = _PARTS[source.target](arguments, index)
        return Moved((first,), (part,)) if part is not None and isinstance(first, fx.Node) else None
    layers = list(_cut(index if isinstance(index, tuple) else (index,), called))
    return None if None in layers else Moved((source,), tuple(each for each in layers if each))


def _cut(index: tuple[Any, ...], called: _Called) -> Iterator[nn.Module | None]:
    """Yield a slice for each axis that an index cuts, and None for what slices cannot do."""
    positions: Sequence[int] = range(len(index))
    if Ellipsis in index:
        gap = index.index(Ellipsis)
        positions = [*range(gap), 0, *range(gap + 1 - len(index), 0)]
    for position, part in zip(positions, index, strict=True):
        if part is Ellipsis or part == slice(None):
            continue
        ends = (part.start, part.stop, part.step) if isinstance(part, slice) else (part, 0, 0)
        plain = isinstance(part, slice) and all(type(end) in (int, type(None)) for end in ends)
        axis = called.axis(position)
        if not plain or axis is None:
            yield None
        else:
            yield layer.Slice(axis, part.start, part.stop, part.step or 1, called.step_mode)


def _concat(called: _Called) -> _Layers:
    axis = called.axis(called.value(0, "dim", called.options.get("axis", 0)))
    return None if axis is None else [layer.Concat(axis, called.step_mode)]


def _permute(called: _Called) -> _Layers:
    dims, lead = called.rest("dims"), called.leading
    order = [dim % len(dims) if type(dim) is int else -1 for dim in dims]
    if order[:lead] != list(range(lead)) or sorted(order) != list(range(len(dims))):
        return None
    return [layer.Permute([dim - lead for dim in order[lead:]], called.step_mode)]


def _transpose(called: _Called) -> _Layers:
    first, second = (called.axis(called.value(n, f"dim{n}")) for n in (0, 1))
    if first is None or second is None:
        return None
    return [layer.Transpose(first, second, called.step_mode)]


def _reshape(called: _Called) -> _Layers:
    """Return a reshape that leaves time and batch, as `x.reshape(x.shape[0], x.shape[1], ...)`."""
    lengths, lead = called.rest("shape"), called.leading
    kept = [isinstance(each, fx.Node) and _length_of(each) == n for n, each in enumerate(lengths)]
    inner = lengths[lead:]
    if not inner or not all(kept[:lead]) or not all(type(length) is int for length in inner):
        return None
    return [layer.Reshape(inner, called.step_mode)]


def _length_of(node: fx.Node) -> int | None:
    """Return the axis whose length `x.shape[n]` or `x.size(n)` is."""
    index = node.args[1] if len(node.args) > 1 else None
    return index if is_size(node) and type(index) is int else None


def _unflatten(called: _Called) -> _Layers:
    axis, sizes = called.axis(called.value(0, "dim")), called.value(1, "sizes")
    if axis not in (0, -1) or not isinstance(sizes, list | tuple):
        return None
    return [layer.Reshape(sizes, called.step_mode)]


def _mean(called: _Called) -> _Layers:
    """Return a pool over a whole image or line, as the mean over the last axes."""
    dims = called.value(0, "dim")
    dims = (dims,) if isinstance(dims, int) else dims
    if not isinstance(dims, list | tuple) or called.options.get("dtype") is not None:
        return None
    keeps, lead = bool(called.value(1, "keepdim", False)), called.leading
    images, lines = ((-2, -1), (lead + 1, lead + 2)), ((-1,), (lead + 1,))
    dims, mode = tuple(sorted(dims)), called.step_mode
    if dims not in images + lines:
        return None
    # A line is an image of one row.
    before = [layer.Reshape((0, 1, -1), mode)] if dims in lines else []
    line = [layer.Reshape((0, 1), mode)] if dims in lines else []
    return [*before, layer.AdaptiveAvgPool2d(1), *(line if keeps else [layer.Flatten(mode)])]


def _interpolate(called: _Called) -> _Layers:
    factor = called.value(1, "scale_factor")
    several = factor if isinstance(factor, list | tuple) else (factor, factor)
    nearest = called.value(2, "mode", "nearest") in ("nearest", "nearest-exact")
    whole = all(isinstance(each, int | float) and float(each).is_integer() for each in several)
    # Torch takes one axis less than a sequence has, so a sequence has been merged into a batch.
    single = called.step_mode == "s" and called.value(0, "size") is None
    if not (nearest and whole and single):
        return None
    return [layer.Upsample([int(each) for each in several])]


def _chunk(called: _Called, index: int) -> nn.Module | None:
    count, axis = called.value(0, "chunks"), called.axis(called.value(1, "dim", 0))
    if axis is None or type(count) is not int:
        return None
    return layer.Chunk(count, index % count, axis, called.step_mode)


def _split(called: _Called, index: int) -> nn.Module | None:
    sizes = called.value(0, "split_size", called.options.get("split_size_or_sections"))
    axis = called.axis(called.value(1, "dim", 0))
    if axis is None or index < 0:
        return None
    if isinstance(sizes, list | tuple):
        start, size = sum(sizes[:index]), sizes[index]
    else:
        start, size = sizes * index, sizes
    return layer.Slice(axis, start, start + size, 1, called.step_mode)


_ADDS = (operator.add, operator.iadd, torch.add, "add", "add_")
_MULTIPLIES = (operator.mul, operator.imul, torch.mul, torch.multiply, "mul", "mul_")
_JOINS = (torch.cat, torch.concat, torch.concatenate)
_TABLE: dict[Any, Callable[[_Called], _Layers]] = {
    **dict.fromkeys(_JOINS, _concat),
    **dict.fromkeys((torch.permute, "permute"), _permute),
    **dict.fromkeys((torch.transpose, torch.swapaxes, "transpose", "swapaxes"), _transpose),
    **dict.fromkeys((torch.reshape, "reshape", "view"), _reshape),
    **dict.fromkeys((torch.unflatten, "unflatten"), _unflatten),
    **dict.fromkeys((torch.mean, "mean"), _mean),
    F.interpolate: _interpolate,
}
_PARTS: dict[Any, Callable[[_Called, int], nn.Module | None]] = {
    **dict.fromkeys((torch.chunk, "chunk"), _chunk),
    **dict.fromkeys((torch.split, "split"), _split),
}


def decodes(node: fx.Node) -> bool:
    """Return whether a call decodes a sequence over time."""
    if node.op not in ("call_function", "call_method"):
        return False
    return decoder_called(node.target, node.args, node.kwargs) is not None


def ends(node: fx.Node) -> bool:
    """Return whether a network's values end here: at its output, or at a decoder before it."""
    return node.op == "output" or decodes(node)


def is_sum(node: fx.Node) -> bool:
    """Return whether two values of the network are added."""
    return node.target in _ADDS and len(node.all_input_nodes) == 2


def called_name(node: fx.Node) -> str:
    """Return the name of the function or method that is called."""
    return getattr(node.target, "__name__", str(node.target))


def kind_name(module: nn.Module | None) -> str:
    """Return the name of the module's class, marked if it is one of torch's own."""
    kind = type(module)
    return f"torch.nn.{kind.__name__}" if kind.__module__.startswith("torch.nn") else kind.__name__


def read_instead(old: fx.Node, new: fx.Node) -> None:
    """Let everything that reads a value read the call that was put behind it."""
    for reader in [user for user in old.users if user is not new]:
        reader.replace_input_with(old, new)


def unread(node: fx.Node) -> str:
    """Return the message for weights whose sums reach no neurons."""
    for reader in node.users:
        if reader.op in ("call_function", "call_method"):
            return (
                f"{node.target}: {called_name(reader)} reads its sums, which no chip can (a "
                "forward may call layers, add their results and flatten them)"
            )
    return f"{node.target}: no neurons read its sums (append neurons after it)"


def factors_of(node: fx.Node) -> tuple[fx.Node, fx.Node] | None:
    """Return the two values of the network that a call multiplies, if it does."""
    if node.target not in _MULTIPLIES or len(node.args) != 2 or node.kwargs:
        return None
    first, second = node.args
    if not isinstance(first, fx.Node) or not isinstance(second, fx.Node):
        return None
    return first, second


def complemented(node: fx.Node) -> fx.Node | None:
    """Return the value that a call takes from one, if it does."""
    if node.target is not operator.sub or node.args[0] != 1:
        return None
    return node.args[1] if isinstance(node.args[1], fx.Node) else None


def with_layers(module: fx.GraphModule, step_mode: str) -> None:
    """Replace every function that moves values by layers of a traced network."""
    paths = {path for path, _ in module.named_modules()}
    for node in list(module.graph.nodes):
        replaced = moved(node, step_mode)
        if replaced is None:
            continue
        values: tuple[fx.Node, ...] = replaced.sources
        for count, part in enumerate(replaced.layers):
            name = free_name(node.name if count == 0 else f"{node.name}_{count}", paths)
            module.add_submodule(name, part)
            with module.graph.inserting_before(node):
                values = (module.graph.call_module(name, values),)
        node.replace_all_uses_with(values[0])
        module.graph.erase_node(node)
    # Backwards, since what asks for a length may read another that does.
    for node in reversed(list(module.graph.nodes)):
        if not node.users and (is_size(node) or is_parts(node)):
            module.graph.erase_node(node)
    module.recompile()


def free_name(name: str, paths: set[str]) -> str:
    """Return the name, or a longer one that no layer has; a layer keeps its name."""
    while name in paths:
        name += "_"
    paths.add(name)
    return name
