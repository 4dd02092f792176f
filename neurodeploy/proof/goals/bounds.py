"""Products as numbers of which only an interval is known.

A product is hard for a solver, and whether a value fits seldom depends on more than how large its
products are. The largest and the smallest of a product of two intervals lie at their corners: that
rule is applied here. That every factor stays within its interval is a part of the claim, so nothing
but the rule is trusted; a refutation counts only if the products themselves bear it out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce

from neurodeploy.proof.goals.products import Opened
from snncore.dynamics.bits.circuit import Circuit, Gate, Wire, in_order

Ends = tuple[int, int]


def bounded(circuit: Circuit, claimed: Wire, ends: Mapping[str, Ends]) -> Opened | None:
    """Return a claim with an interval for every product, or None if there is no product.

    Variables lie within their ends; one without ends is any number of its width.
    """
    order = in_order([claimed])
    intervals: dict[int, Ends] = {}
    new: dict[int, Wire] = {}
    facts: list[Wire] = []
    claims: list[Wire] = []
    comments: list[str] = []
    for wire in (each for each in order if each.bits):
        intervals[id(wire)] = _interval(wire, intervals, ends)
    for wire in order:
        args = tuple(new[id(arg)] for arg in wire.args)
        if wire.gate != Gate.MULTIPLY:
            new[id(wire)] = circuit.again(wire, args)
            continue
        low, high = intervals[id(wire)]
        free = new[id(wire)] = circuit.variable(f"product.{len(comments)}", wire.bits)
        facts.append(circuit.within(free, low, high))
        factors = [intervals[id(arg)] for arg in wire.args]
        claims += [circuit.within(a, *lies) for a, lies in zip(args, factors, strict=True)]
        between = " and ".join(f"{least}..{most}" for least, most in factors)
        comments.append(f"{free.value} is a product of factors in {between}: in {low}..{high}")
    if not comments:
        return None
    whole = circuit.every([*claims, new[id(claimed)]])
    return Opened(whole, tuple(facts), tuple(comments))


def _interval(wire: Wire, intervals: Mapping[int, Ends], ends: Mapping[str, Ends]) -> Ends:
    """Return an interval of a wire, given those of the numbers that it reads."""
    all_of_them = -(1 << (wire.bits - 1)), (1 << (wire.bits - 1)) - 1
    if wire.constant is not None:
        return wire.constant, wire.constant
    if wire.gate == Gate.VARIABLE:
        low, high = ends.get(str(wire.value), all_of_them)
    elif wire.gate in _RULES:
        read = [intervals[id(arg)] for arg in wire.args if arg.bits]
        low, high = _RULES[wire.gate](wire, *read)
    else:
        low, high = all_of_them
    return max(low, all_of_them[0]), min(high, all_of_them[1])


def _product(wire: Wire, a: Ends, b: Ends) -> Ends:
    corners = [x * y for x in a for y in b]
    is_square = wire.args[0] is wire.args[1]
    return 0 if is_square else min(corners), max(corners)


def _low(wire: Wire, a: Ends) -> Ends:
    half = 1 << (wire.bits - 1)
    return a if -half <= a[0] and a[1] < half else (-half, half - 1)


def _either(wire: Wire, *read: Ends) -> Ends:
    return reduce(lambda a, b: (min(a[0], b[0]), max(a[1], b[1])), read)


_RULES: dict[Gate, Callable[..., Ends]] = {
    Gate.ADD: lambda wire, a, b: (a[0] + b[0], a[1] + b[1]),
    Gate.SUBTRACT: lambda wire, a, b: (a[0] - b[1], a[1] - b[0]),
    Gate.MULTIPLY: _product,
    Gate.SHIFT_LEFT: lambda wire, a: (a[0] << wire.value, a[1] << wire.value),
    Gate.SHIFT_FLOOR: lambda wire, a: (a[0] >> wire.value, a[1] >> wire.value),
    Gate.LOW: _low,
    Gate.CHOOSE: _either,
}
