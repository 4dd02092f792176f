"""Products that one side computes at once and the other in two parts.

Solvers cannot tell that `d * x` is `2^k * (d * h) + d * l` where `x` is `2^k * h + l`: that is the
distributive law for large factors. So the rule is applied here, and both partial products become
free numbers of which only signs and a bound are known. Whoever proves a claim for these has proved
it for the products; a refutation counts only if the products themselves bear it out.
"""

from __future__ import annotations

from dataclasses import dataclass

from snncore.dynamics.bits.circuit import Circuit, Gate, Wire, in_order


@dataclass(frozen=True)
class Opened:
    """A claim without the split products, the facts about what stands for them, and the rule."""

    claimed: Wire
    facts: tuple[Wire, ...]
    comments: tuple[str, ...]


def opened(circuit: Circuit, claimed: Wire) -> Opened | None:
    """Return the claim with every split product opened, or None if there is none."""
    wires = in_order([claimed])
    products = {_factors(wire): wire for wire in wires if wire.gate == Gate.MULTIPLY}
    new: dict[int, Wire] = {}
    facts: list[Wire] = []
    comments: list[str] = []
    for low in products.values():
        for factor, rest in (low.args, low.args[::-1]):
            split = _split(rest)
            if split is None:
                continue
            whole, high, bits = split
            upper = products.get(frozenset((id(factor), id(high))))
            at_once = products.get(frozenset((id(factor), id(whole))))
            if upper is None or at_once is None:
                continue
            for part in (upper, low):
                if id(part) not in new:
                    free = circuit.variable(f"product.{len(new)}", part.bits)
                    new[id(part)] = free
                    other = part.args[1] if part.args[0] is factor else part.args[0]
                    facts.append(_signs(circuit, free, *part.args))
                    facts.append(_share(circuit, free, factor, other, bits))
            parts = circuit.shift_left(new[id(upper)], bits), new[id(low)]
            new[id(at_once)] = circuit.add(*parts)
            names = new[id(upper)].value, new[id(low)].value
            comments.append(
                f"d * x = 2^{bits} * {names[0]} + {names[1]}: the distributive law, since "
                f"x = 2^{bits} * h + l, {names[0]} = d * h and {names[1]} = d * l"
            )
    if not comments:
        return None
    return Opened(_rebuilt(circuit, claimed, new), tuple(facts), tuple(comments))


def _factors(product: Wire) -> frozenset[int]:
    return frozenset(map(id, product.args))


def _split(rest: Wire) -> tuple[Wire, Wire, int] | None:
    """Return x, h and k of a wire that is `x - h * 2^k`."""
    if rest.gate != Gate.SUBTRACT:
        return None
    whole, part = rest.args
    if part.gate != Gate.SHIFT_LEFT:
        return None
    return whole, part.args[0], int(part.value)


def _signs(circuit: Circuit, product: Wire, a: Wire, b: Wire) -> Wire:
    """Return that a product is zero, above or below it, as its factors ask for."""
    zero = circuit.constant(0)
    none = circuit.some([circuit.equal(a, zero), circuit.equal(b, zero)])
    below = [circuit.less(a, zero), circuit.less(b, zero)]
    unlike = circuit.negated(circuit.equal(*below))
    signed = circuit.choose(unlike, circuit.less(product, zero), circuit.less(zero, product))
    return circuit.choose(none, circuit.equal(product, zero), signed)


def _share(circuit: Circuit, product: Wire, factor: Wire, other: Wire, bits: int) -> Wire:
    """Return that a product is no larger than `other * 2^bits` if the factor is at most that."""
    zero, most = circuit.constant(0), circuit.shift_left(other, bits)
    above = [circuit.less_equal(zero, product), circuit.less_equal(product, most)]
    below = [circuit.less_equal(most, product), circuit.less_equal(product, zero)]
    within = circuit.choose(circuit.less(other, zero), circuit.every(below), circuit.every(above))
    unlike = circuit.negated(circuit.within(factor, 0, 1 << bits))
    return circuit.some([unlike, within])


def _rebuilt(circuit: Circuit, result: Wire, new: dict[int, Wire]) -> Wire:
    """Return a result in which some wires are replaced."""
    built = dict(new)
    for wire in in_order([result]):
        if id(wire) not in built:
            built[id(wire)] = circuit.again(wire, tuple(built[id(arg)] for arg in wire.args))
    return built[id(result)]
