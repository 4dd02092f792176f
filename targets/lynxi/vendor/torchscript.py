"""The reduced modules as TorchScript, written byte by byte: no clock, no path, no version in it.

An archive is a zip of stored records: the code as text, the module as a pickle that lists its
tensors, and each tensor's bytes. torch reads it as its own.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.content import Content, of_array, of_bytes
from neurodeploy.data.structure import Shape
from neurodeploy.program import Conv2d, Dense, MaxPool2d, Neuron
from targets.lynxi.reduced.certificate import UNIT, terms
from targets.lynxi.reduced.forms import Words, one_step, unrolled
from targets.lynxi.reduced.names import identifiers
from targets.lynxi.reduced.plan import NetworkPlan, PlanPart
from targets.lynxi.reduced.ports import INPUT, labels_of, state_label
from targets.lynxi.reduced.recipe import Numbers
from targets.lynxi.vendor.archive import archive

_CLASS = "Reduced"
_HALF, _SINGLE = 5, 6


def unrolled_script(plan: NetworkPlan, steps: int) -> Content:
    """Return all steps for one sample: (T, ...) in, every layer's spikes out."""
    script = _Script(plan)
    layers = unrolled(script, plan, INPUT, steps)
    return script.archive([INPUT], [layer.spikes for layer in layers.values()])


def step_script(plan: NetworkPlan) -> Content:
    """Return one step: input and states in, every layer's spikes and states out."""
    script = _Script(plan)
    before = {
        part.name: {key: state_label(script.labels, part, key) for key in part.states}
        for part in plan.layers
    }
    layers = one_step(script, plan, INPUT, before)
    arguments = [label for states in before.values() for label in states.values()]
    results = [layer.spikes for layer in layers.values()]
    results += [layers[p.name].states[0][key] for p in plan.layers for key in p.states]
    return script.archive([INPUT, *arguments], results)


class _Text:
    """A function's body in the making; a value is the name of what holds it."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def let(self, expression: str) -> str:
        """Add a value, and return its name."""
        name = f"_{len(self.lines)}"
        self.lines.append(f"{name} = {expression}")
        return name


class _Arithmetic:
    """A recipe's words as text; numbers stand as they are."""

    def __init__(self, text: _Text, constants: Mapping[str, str], single: bool) -> None:
        self.text, self.constants, self.single = text, constants, single

    def constant(self, name: str, value: Numbers) -> str:
        """Return a tensor of the module's, or a number."""
        return self.constants[name] if name else repr(float(value))

    def add(self, a: str, b: str) -> str:
        """Return the sum."""
        return self._call("add", b, a) if _is_number(a) else self._call("add", a, b)

    def subtract(self, a: str, b: str) -> str:
        """Return the difference."""
        return self._call("rsub", b, a) if _is_number(a) else self._call("sub", a, b)

    def multiply(self, a: str, b: str) -> str:
        """Return the product."""
        return self._call("mul", b, a) if _is_number(a) else self._call("mul", a, b)

    def at_least(self, a: str, b: str) -> str:
        """Return 1 where the first is at least the second, else 0."""
        return self._call("to", self._call("ge", a, b), str(_SINGLE if self.single else _HALF))

    def _call(self, word: str, *arguments: str) -> str:
        return self.text.let(f"torch.{word}({', '.join(arguments)})")


class _Script(Words[str]):
    """Words as TorchScript; every layer of neurons is a method of its own."""

    def __init__(self, plan: NetworkPlan) -> None:
        self.plan = plan
        self.labels = labels_of(plan)
        self.body = _Text()
        # Whole numbers, or float16, which they are written as.
        self.tensors: dict[str, NDArray[Any]] = {}
        self.methods: dict[str, list[str]] = {}

    def spell(self, part: PlanPart) -> _Arithmetic:
        """Return a recipe's words, in the body of the whole."""
        return _Arithmetic(self.body, {}, part.single)

    def weigh(self, part: PlanPart, x: str) -> str:
        """Return the weighted sums."""
        node, label = part.node, f"{self.labels[part.name]}_weight"
        assert isinstance(node, Dense | Conv2d)
        self.tensors[label] = node.narrow_weight
        weight = self.body.let(f"self.{label}")
        if part.single:
            weight = self.widen(weight)
        if isinstance(node, Conv2d):
            form = ", ".join(str(list(pair)) for pair in (node.stride, node.padding, node.dilation))
            return self.body.let(f"torch.conv2d({x}, {weight}, None, {form}, {node.groups})")
        total = self.body.let(f"torch.linear({x}, {weight})")
        return total if part.recipe is None else part.recipe.run(self.spell(part), {}, total)[1]

    def pool(self, part: PlanPart, x: str) -> str:
        """Return the largest value of every window."""
        node = part.node
        assert isinstance(node, MaxPool2d)
        form = ", ".join(str(list(pair)) for pair in (node.kernel, node.stride, node.padding))
        return self.body.let(f"torch.max_pool2d({x}, {form}, [1, 1], False)")

    def flatten(self, x: str) -> str:
        """Return the value with all axes but the first as one."""
        return self.body.let(f"torch.flatten({x}, 1)")

    def reshape(self, x: str, shape: Shape) -> str:
        """Return the values in C order in another shape."""
        return self.body.let(f"torch.reshape({x}, {[-1, *shape]})")

    def permute(self, x: str, order: Sequence[int]) -> str:
        """Return the values with the axes in this order."""
        return self.body.let(f"torch.permute({x}, {[0, *(axis + 1 for axis in order)]})")

    def slice(self, x: str, axis: int, part: slice) -> str:
        """Return a part of an axis."""
        part_text = f"{axis + 1}, {part.start}, {part.stop}, {part.step}"
        return self.body.let(f"torch.slice({x}, {part_text})")

    def concat(self, values: Sequence[str], axis: int) -> str:
        """Return several values, one after another along an axis."""
        return self.body.let(f"torch.cat([{', '.join(values)}], {axis + 1})")

    def matmul(self, x: str, y: str) -> str:
        """Return the matrix products over the last two axes."""
        return self.body.let(f"torch.matmul({x}, {y})")

    def nothing(self, x: str) -> str:
        """Return zeros in the shape and the type of a value."""
        return self.body.let(f"torch.sub({x}, {x})")

    def widen(self, x: str) -> str:
        """Return the same values in float32."""
        return self.body.let(f"torch.to({x}, {_SINGLE})")

    def narrow(self, x: str) -> str:
        """Return the same values in float16."""
        return self.body.let(f"torch.to({x}, {_HALF})")

    def split(self, x: str, steps: int) -> Sequence[str]:
        """Return the rows of each step, one sample each."""
        if steps == 1:
            return [x]
        rows = [f"{x}_{step}" for step in range(steps)]
        self.body.lines.append(f"{', '.join(rows)}, = torch.split({x}, 1)")
        return rows

    def join(self, rows: Sequence[str]) -> str:
        """Return the rows of all steps."""
        return rows[0] if len(rows) == 1 else self.body.let(f"torch.cat([{', '.join(rows)}])")

    def step(self, part: PlanPart, states: Mapping[str, str], x: str) -> tuple[dict[str, str], str]:
        """Return one step of a layer of neurons, by its method."""
        label = self.labels[part.name]
        if label not in self.methods:
            self.methods[label] = self._method(part, label)
        call = len(self.body.lines)
        names = [f"_{call}_{index}" for index in range(len(part.states) + 1)]
        inputs = ", ".join([x, *(states[key] for key in part.states)])
        self.body.lines.append(f"{', '.join(names)}, = (self).{label}({inputs}, )")
        return dict(zip(part.states, names[1:], strict=True)), names[0]

    def archive(self, arguments: Sequence[str], results: Sequence[str]) -> Content:
        """Return the whole archive."""
        forward = _function("forward", arguments, self.body.lines, results)
        lines = [f"class {_CLASS}(Module):", "  __parameters__ = []"]
        names = "".join(f'"{name}", ' for name in self.tensors)
        lines.append(f"  __buffers__ = [{names}]")
        lines += [f"  {name} : Tensor" for name in self.tensors]
        lines.append("  training : bool")
        for method in [forward, *self.methods.values()]:
            lines += method
        return _zipped("\n".join(lines) + "\n", self.tensors)

    def _method(self, part: PlanPart, label: str) -> list[str]:
        assert isinstance(part.node, Neuron)
        assert part.recipe is not None
        text, constants = _Text(), {}
        for name, tensor in identifiers(part.recipe.constants).items():
            constants[name] = self._constant(
                text, f"{label}_{tensor}", part, part.recipe.constants[name]
            )
        arithmetic = _Arithmetic(text, constants, part.single)
        states = {key: f"state_{key}" for key in part.states}
        following, spikes = part.recipe.run(arithmetic, states, "x")
        if part.single:
            spikes = text.let(f"torch.to({spikes}, {_HALF})")
        results = [spikes, *(following[key] for key in part.states)]
        return _function(label, ["x", *states.values()], text.lines, results)

    def _constant(self, text: _Text, label: str, part: PlanPart, value: Numbers) -> str:
        """Return a constant as the module stores it: one float16, or a sum of several."""
        total = ""
        for number, term in enumerate(terms(value)):
            self.tensors[f"{label}_{number}"] = term.numbers
            name = text.let(f"self.{label}_{number}")
            if part.single:
                name = text.let(f"torch.to({name}, {_SINGLE})")
            for _ in range(term.power):
                name = text.let(f"torch.mul({name}, {UNIT})")
            total = text.let(f"torch.add({total}, {name})") if total else name
        return total


def _is_number(value: str) -> bool:
    return value[0] in "-0123456789"


def _function(
    name: str, arguments: Sequence[str], body: Sequence[str], results: Sequence[str]
) -> list[str]:
    parameters = ", ".join(f"{argument}: Tensor" for argument in arguments)
    kinds = ", ".join("Tensor" for _ in results)
    returned = f"Tuple[{kinds}]" if len(results) > 1 else "Tensor"
    value = f"({', '.join(results)})" if len(results) > 1 else results[0]
    head = f"  def {name}(self: __torch__.{_CLASS}, {parameters}) -> {returned}:"
    return [head, *(f"    {line}" for line in body), f"    return {value}"]


def _zipped(code: str, tensors: Mapping[str, NDArray[Any]]) -> Content:
    records = {
        "data.pkl": of_bytes(_pickled(tensors)),
        "code/__torch__.py": of_bytes(code.encode()),
    }
    for number, values in enumerate(tensors.values()):
        records[f"data/{number}"] = of_array(values, np.float16)
    records |= {
        "constants.pkl": of_bytes(b"\x80\x02)."),
        "version": of_bytes(b"3\n"),
        "byteorder": of_bytes(b"little"),
    }
    return archive({f"reduced/{name}": content for name, content in records.items()})


def _pickled(tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the module as an object with its tensors: protocol 2, without a memo."""
    parts = [b"\x80\x02", f"c__torch__\n{_CLASS}\n".encode(), b")\x81}("]
    for number, (name, values) in enumerate(tensors.items()):
        storage = b"(" + _string("storage") + b"ctorch\nHalfStorage\n" + _string(str(number))
        storage += _string("cpu") + _integer(values.size) + b"tQ"
        strides = [prod(values.shape[axis + 1 :]) for axis in range(values.ndim)]
        parts += [_string(name), b"ctorch._utils\n_rebuild_tensor_v2\n(", storage, _integer(0)]
        parts += [_tuple(values.shape), _tuple(strides), b"\x89ccollections\nOrderedDict\n)RtR"]
    parts += [_string("training"), b"\x89", b"ub."]
    return b"".join(parts)


def _string(text: str) -> bytes:
    content = text.encode()
    return b"X" + struct.pack("<I", len(content)) + content


def _integer(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def _tuple(values: Sequence[int]) -> bytes:
    return b"(" + b"".join(_integer(value) for value in values) + b"t"
