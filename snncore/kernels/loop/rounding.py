"""The operations of a gradient that must round as the step does, and those that may be fused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256

from snncore.dynamics.expression import Op, Operation

_LONG = 1000


def shared(operations: Sequence[Operation], forward: Sequence[Operation]) -> set[int]:
    """Return the operations shared with the forward step: their results are equal to the bit."""
    texts = set(spelled_out(forward))
    return {n for n, text in enumerate(spelled_out(operations)) if text in texts}


def fused(
    operations: Sequence[Operation], results: Sequence[int | None], exact: set[int]
) -> dict[int, tuple[int, int]]:
    """Find sums in gradients that absorb a product which nothing else reads."""
    uses = Counter(arg for operation in operations for arg in operation.args)
    uses.update(number for number in results if number is not None)
    varying = varies(operations)
    absorbing: dict[int, tuple[int, int]] = {}
    for number, operation in enumerate(operations):
        if operation.op != Op.ADD or number in exact:
            continue
        for product, other in (operation.args, operation.args[::-1]):
            free = uses[product] == 1 and product not in exact and varying[product]
            if free and operations[product].op == Op.MULTIPLY:
                absorbing[number] = (product, other)
                break
    return absorbing


def reached(operations: Sequence[Operation], results: Sequence[int | None]) -> set[int]:
    """Return the operations that the results depend on."""
    numbers: set[int] = set()
    pending = [number for number in results if number is not None]
    while pending:
        number = pending.pop()
        if number not in numbers:
            numbers.add(number)
            pending.extend(operations[number].args)
    return numbers


def varies(operations: Sequence[Operation]) -> list[bool]:
    """Return the values that vary by neuron: those that depend on a state or an input."""
    values: list[bool] = []
    for operation in operations:
        leaf = operation.op in (Op.STATE, Op.INPUT)
        values.append(leaf or any(values[arg] for arg in operation.args))
    return values


def spelled_out(operations: Sequence[Operation]) -> Iterator[str]:
    """Return what each operation computes, down to the leaves; of long ones a hash."""
    texts: list[str] = []
    for operation in operations:
        args = ",".join(texts[arg] for arg in operation.args)
        text = f"{operation.op.value}[{operation.attribute!r}]({args})"
        # A value that is read twice would double the text at every step.
        texts.append(text if len(text) < _LONG else sha256(text.encode()).hexdigest())
        yield texts[-1]
