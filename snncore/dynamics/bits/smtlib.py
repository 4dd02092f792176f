"""SMT-LIB as a language for circuits: a table from gate to spelling, a definition for each wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from snncore.dynamics.bits.circuit import Gate, Wire, in_order

Spelling = Callable[[Wire, Sequence[str]], str]


def script(asserted: Sequence[Wire], comments: Sequence[str] = ()) -> str:
    """Return a script that asks for numbers with which all of these truth values hold."""
    names: dict[int, str] = {}
    lines = [f"; {line}" for comment in comments for line in comment.splitlines()]
    lines.append("(set-logic QF_BV)")
    for wire in in_order(list(asserted)):
        if wire.gate == Gate.VARIABLE:
            names[id(wire)] = quoted(str(wire.value))
            lines.append(f"(declare-fun {names[id(wire)]} () {_sort(wire)})")
        elif wire.gate == Gate.CONSTANT:
            names[id(wire)] = _literal(wire)
        else:
            text = SPELLINGS[wire.gate](wire, [names[id(arg)] for arg in wire.args])
            names[id(wire)] = f"t{len(names)}"
            lines.append(f"(define-fun {names[id(wire)]} () {_sort(wire)} {text})")
    lines += [f"(assert {names[id(wire)]})" for wire in asserted]
    return "\n".join([*lines, "(check-sat)"]) + "\n"


def quoted(name: str) -> str:
    """Return a name that SMT-LIB reads as one symbol."""
    return f"|{name}|"


def _sort(wire: Wire) -> str:
    return f"(_ BitVec {wire.bits})" if wire.bits else "Bool"


def _literal(wire: Wire) -> str:
    value = int(wire.value)
    if not wire.bits:
        return "true" if value else "false"
    return f"(_ bv{value % (1 << wire.bits)} {wire.bits})"


def _extended(wire: Wire, name: str, bits: int) -> str:
    more = bits - wire.bits
    return f"((_ sign_extend {more}) {name})" if more > 0 else name


def _alike(word: str) -> Spelling:
    """Return an operation on arguments as wide as its result, or as the widest of them."""

    def spelled(wire: Wire, names: Sequence[str]) -> str:
        bits = wire.bits or max(arg.bits for arg in wire.args)
        pairs = zip(wire.args, names, strict=True)
        return f"({word} {' '.join(_extended(arg, name, bits) for arg, name in pairs)})"

    return spelled


def _choose(wire: Wire, names: Sequence[str]) -> str:
    condition, *branches = names
    pairs = zip(wire.args[1:], branches, strict=True)
    sides = " ".join(_extended(arg, name, wire.bits) for arg, name in pairs)
    return f"(ite {condition} {sides})"


def _shift_floor(wire: Wire, names: Sequence[str]) -> str:
    top = wire.args[0].bits - 1
    return f"((_ extract {top} {min(int(wire.value), top)}) {names[0]})"


SPELLINGS: Mapping[Gate, Spelling] = {
    Gate.ADD: _alike("bvadd"),
    Gate.SUBTRACT: _alike("bvsub"),
    Gate.MULTIPLY: _alike("bvmul"),
    Gate.DIVIDE: _alike("bvsdiv"),
    Gate.SHIFT_LEFT: lambda wire, names: f"(concat {names[0]} (_ bv0 {wire.value}))",
    Gate.SHIFT_FLOOR: _shift_floor,
    Gate.BITWISE_AND: _alike("bvand"),
    Gate.BITWISE_OR: _alike("bvor"),
    Gate.BITWISE_XOR: _alike("bvxor"),
    Gate.LOW: lambda wire, names: f"((_ extract {wire.bits - 1} 0) {names[0]})",
    Gate.CHOOSE: _choose,
    Gate.LESS: _alike("bvslt"),
    Gate.LESS_EQUAL: _alike("bvsle"),
    Gate.EQUAL: _alike("="),
    Gate.NOT: lambda wire, names: f"(not {names[0]})",
    Gate.AND: lambda wire, names: f"(and {' '.join(names)})",
}
