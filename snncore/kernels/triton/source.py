"""The time loop in Triton, written by hand around a step and its adjoint, which are printed.

Time runs in segments, unrolled, whose loads are issued before the recurrence. Nothing is kept for
the backward kernel: where there are several segments, it first goes through all but the last and
notes the states that each begins with. It then goes from the last segment to the first and
recomputes each: once through all its chunks but the last, keeping the states that they begin with,
then from the last chunk to the first, keeping the states of every step. What it keeps within a
segment is in registers; what it reads twice is still in the cache.
"""

from __future__ import annotations

from collections.abc import Sequence

from snncore.kernels.loop.plan import KernelPlan
from snncore.kernels.triton.shape import Shape, parted
from snncore.kernels.triton.text import Rounding, function, indent, text

_HEAD = """\
import triton
import triton.language as tl

from snncore.kernels.triton.words import (
    divided,
    exp,
    log,
    nearly_divided,
    quotient,
    truncated,
    wrapped_once,
)

inf = tl.constexpr(float("inf"))

"""


def forward_source(plan: KernelPlan, shape: Shape) -> str:
    """Write a module whose `forward` computes spikes and last states."""
    step = plan.step
    states = step.states
    arguments = [*step.inputs, "spikes"]
    arguments += [f"{state}_first" for state in states if shape.initial]
    arguments += [f"{state}_last" for state in states if shape.final]
    head, lines = _prologue("forward", arguments, plan, shape)
    lines += ["row = first", *_begin(plan, shape)]
    if shape.bits:
        lines += _bits_prologue()
    if shape.segments:
        whole = [*_segment_forth(plan, shape, shape.segment), f"row += {shape.segment} * N"]
        whole += [f"byte += {shape.segment} * BYTES"] if shape.bits else []
        lines += ["for _ in range(SEGMENTS):", *indent(whole)]
    if shape.rest:
        lines += _segment_forth(plan, shape, shape.rest)
    if shape.final:
        lines += [_put(f"{s}_last + first + lane", s, shape) for s in states]
    return "\n\n".join([_HEAD + _step(plan, shape, tiny=True), text(head, lines)])


def backward_source(plan: KernelPlan, shape: Shape) -> str:
    """Write a module whose `backward` computes the gradients that the shape names."""
    step = plan.step
    states = step.states
    arguments = ["grad_spikes", *step.inputs]
    arguments += [f"grad_{name}" for name in shape.inputs]
    arguments += [f"{state}_first" for state in states if shape.initial]
    arguments += [f"grad_{state}_last" for state in states if shape.final]
    arguments += [f"grad_{state}_first" for state in states if shape.states]
    arguments += [f"grad_{name}_out" for name in shape.parameters]
    arguments += ["noted"] if shape.segments else []
    head, lines = _prologue("backward", arguments, plan, shape)
    lines += ["row = first", *_begin(plan, shape)]
    for state in states:
        arrived = _cast(_get(f"grad_{state}_last + first + lane", shape), "float32", shape)
        lines.append(f"grad_{state} = {arrived if shape.final else _ZEROS}")
    lines += [f"grad_{name} = {_ZEROS}" for name in shape.parameters]
    if shape.segments:
        lines += _note_ahead(plan, shape) if shape.ahead else _note(plan, shape)
    if shape.rest:
        lines += _segment_back(plan, shape, shape.rest)
    if shape.segments and shape.ahead:
        lines += _back_ahead(plan, shape)
    elif shape.segments:
        loads = [f"{state} = {_get(address, shape)}" for state, address in _notes(states)]
        lines += [
            "for _ in range(SEGMENTS):",
            *indent([f"row -= {shape.segment} * N", f"note -= {len(states)} * N"]),
            *indent([*loads, *_segment_back(plan, shape, shape.segment)]),
        ]
    if shape.states:
        lines += [_put(f"grad_{s}_first + first + lane", f"grad_{s}", shape) for s in states]
    for name in shape.parameters:
        lines += _put_parameter(name, shape)
    functions = [_HEAD + _step(plan, shape, tiny=False), _step_back(plan, shape)]
    return "\n\n".join([*functions, text(head, lines)])


def _segment_back(plan: KernelPlan, shape: Shape, steps: int) -> list[str]:
    """Write a segment's chunks: forwards for their states, then backwards for gradients."""
    states, inputs = plan.step.states, plan.step.inputs
    chunks, rest = parted(steps, shape.chunk)
    begins = [chunk * shape.chunk for chunk in range(chunks)]
    lines: list[str] = []
    for begin in begins:
        times = range(begin, begin + shape.chunk)
        lines += [f"{state}_{begin} = {state}" for state in states]
        lines += _loads(inputs, times, shape)
        lines += [_call("step", (*states, "spike"), states, plan, shape, t) for t in times]
    end = chunks * shape.chunk
    lines += [f"{state}_{end} = {state}" for state in states]
    spans = [range(end, end + rest)]
    spans += [range(begin, begin + shape.chunk) for begin in reversed(begins)]
    for times in spans:
        lines += _loads((*inputs, "grad_spikes"), times, shape)
        lines += _chunk_back(plan, shape, times)
    return lines


def _note(plan: KernelPlan, shape: Shape) -> list[str]:
    """Write all segments forwards, and note the states that each following segment begins with."""
    states, inputs = plan.step.states, plan.step.inputs
    puts = [_put(address, state, shape) for state, address in _notes(states)]
    lines = [*puts]
    for begin in range(0, shape.segment, shape.chunk):
        times = range(begin, min(begin + shape.chunk, shape.segment))
        lines += _loads(inputs, times, shape)
        lines += [_call("step", (*states, "spike"), states, plan, shape, t) for t in times]
    onward = [f"row += {shape.segment} * N", f"note += {len(states)} * N"]
    # Where no rest follows, nobody needs the states after the last segment.
    count, end = ("SEGMENTS", []) if shape.rest else ("SEGMENTS - 1", [*puts, *onward])
    loop = [f"for _ in range({count}):", *indent([*lines, *onward])]
    return ["note = first", *loop, *end, "tl.debug_barrier()"]


def _note_ahead(plan: KernelPlan, shape: Shape) -> list[str]:
    """Write the same, with a segment's inputs loaded while the one before is computed."""
    states, inputs, times = plan.step.states, plan.step.inputs, range(shape.segment)
    puts = [_put(address, state, shape) for state, address in _notes(states)]
    onward = [f"row += {shape.segment} * N", f"note += {len(states)} * N"]
    ahead = f"row + {shape.segment} * N"
    lines = [*puts, f"more = row < first + (SEGMENTS - 1) * {shape.segment} * N"]
    lines += _loads(inputs, times, shape, "ahead_", ahead, "more")
    lines += [_call("step", (*states, "spike"), states, plan, shape, t) for t in times]
    lines += [f"{name}_{t} = ahead_{name}_{t}" for name in inputs for t in times]
    count, end = ("SEGMENTS", []) if shape.rest else ("SEGMENTS - 1", [*puts, *onward])
    loop = [f"for _ in range({count}):", *indent([*lines, *onward])]
    return [*_loads(inputs, times, shape), "note = first", *loop, *end, "tl.debug_barrier()"]


def _back_ahead(plan: KernelPlan, shape: Shape) -> list[str]:
    """Write all whole segments backwards, with the next one's values loaded meanwhile."""
    states, times = plan.step.states, range(shape.segment)
    names = (*plan.step.inputs, "grad_spikes")
    back = f"{shape.segment} * N", f"{len(states)} * N"
    notes = [(f"{s}_0", address) for s, address in _notes(states)]
    ready = [f"row -= {back[0]}", f"note -= {back[1]}"]
    ready += [f"{name} = {_get(address, shape)}" for name, address in notes]
    ready += _loads(names, times, shape)
    lines = ["more = row > first", f"note -= {back[1]}"]
    lines += [f"ahead_{name} = {_get(address, shape, 'more')}" for name, address in notes]
    lines += _loads(names, times, shape, "ahead_", f"row - {back[0]}", "more")
    lines += _chunk_back(plan, shape, times)
    lines += [f"{name} = ahead_{name}" for name, _ in notes]
    lines += [f"{name}_{t} = ahead_{name}_{t}" for name in names for t in times]
    return [*ready, "for _ in range(SEGMENTS):", *indent([*lines, f"row -= {back[0]}"])]


def _notes(states: Sequence[str]) -> list[tuple[str, str]]:
    """Return each state, and the address of its notes for a segment."""
    return [(s, f"noted + note + {index} * N + lane") for index, s in enumerate(states)]


_ZEROS = "tl.zeros([BLOCK], tl.float32)"


def _prologue(
    name: str, arguments: Sequence[str], plan: KernelPlan, shape: Shape
) -> tuple[str, list[str]]:
    """Write the kernel's head, its neurons' offsets, and its parameters."""
    arguments = [*arguments, *(f"{name}_at" for name in plan.step.parameters)]
    arguments += [f"{part}_{name}" for name in shape.spread for part in ("inner", "count")]
    arguments += ["N", "SEGMENTS: tl.constexpr", "BLOCK: tl.constexpr"]
    lines = [
        "N = tl.cast(N, tl.int64)",
        "first = tl.program_id(0).to(tl.int64) * BLOCK",
        "lane = tl.arange(0, BLOCK)",
    ]
    if shape.masked:
        lines.append("inside = first + lane < N")
    for parameter in plan.step.parameters:
        if parameter in shape.spread:
            offset = f"(first + lane) // inner_{parameter} % count_{parameter}"
            lines.append(f"{parameter} = tl.load({parameter}_at + {offset}).to(tl.{shape.real})")
        else:
            lines.append(f"{parameter} = tl.load({parameter}_at).to(tl.{shape.real})")
    return f"def {name}({', '.join(arguments)}):", lines


def _begin(plan: KernelPlan, shape: Shape) -> list[str]:
    """Write the states before the first step: given, or the plan's numbers."""
    values = plan.initial or (0.0,) * len(plan.step.states)
    lines = []
    for state, value in zip(plan.step.states, values, strict=True):
        number = f"tl.full([BLOCK], {value!r}, tl.{shape.real})"
        if value == 0:
            number = f"tl.zeros([BLOCK], tl.{shape.real})"
        loaded = _cast(_get(f"{state}_first + first + lane", shape), shape.real, shape)
        lines.append(f"{state} = {loaded if shape.initial else number}")
    return lines


def _loads(
    names: Sequence[str],
    times: range,
    shape: Shape,
    prefix: str = "",
    row: str = "row",
    condition: str = "",
) -> list[str]:
    return [
        f"{prefix}{name}_{t} = {_get(f'{name} + ({row} + {t} * N) + lane', shape, condition)}"
        for t in times
        for name in names
    ]


def _get(where: str, shape: Shape, condition: str = "") -> str:
    conditions = [*(["inside"] if shape.masked else []), *([condition] if condition else [])]
    mask = f", mask={' & '.join(conditions)}, other=0.0" if conditions else ""
    return f"tl.load({where}{mask})"


def _cast(value: str, kind: str, shape: Shape) -> str:
    """Write a state from memory, or its gradient, in the type that is computed in."""
    return f"{value}.to(tl.{kind})" if shape.cast else value


def _put(where: str, value: str, shape: Shape) -> str:
    return f"tl.store({where}, {value}{', mask=inside' if shape.masked else ''})"


def _store(name: str, value: str, t: int, shape: Shape) -> str:
    cast = f"{value}.to({name}.dtype.element_ty)"
    return _put(f"{name} + (row + {t} * N) + lane", cast, shape)


def _bits_prologue() -> list[str]:
    """Write the offsets of the bytes of this program's neurons, and their count in a step."""
    return [
        "byte = first // 8 + tl.arange(0, BLOCK // 8)",
        "BYTES = (N + 7) // 8",
        "held = byte < BYTES",
        "place = tl.arange(0, 8)[None, :]",
    ]


def _store_bits(t: int, shape: Shape) -> list[str]:
    """Pack eight neurons into a byte, the first in the lowest bit; none fires beyond the last."""
    fired = "tl.where(inside, spike, 0.0)" if shape.masked else "spike"
    return [
        f"fired = tl.reshape({fired}.to(tl.int32), [BLOCK // 8, 8])",
        "bits = tl.sum(fired << place, 1).to(tl.uint8)",
        f"tl.store(spikes + {t} * BYTES + byte, bits{', mask=held' if shape.masked else ''})",
    ]


def _call(
    function: str,
    results: Sequence[str],
    states: Sequence[str],
    plan: KernelPlan,
    shape: Shape,
    t: int,
    more: Sequence[str] = (),
) -> str:
    inputs = [f"{name}_{t}.to(tl.{shape.real})" for name in plan.step.inputs]
    arguments = ", ".join([*states, *inputs, *plan.step.parameters, *more])
    return f"{', '.join(results)} = {function}({arguments})"


def _segment_forth(plan: KernelPlan, shape: Shape, steps: int) -> list[str]:
    """Write a segment's spikes, chunk by chunk."""
    states = plan.step.states
    lines: list[str] = []
    for begin in range(0, steps, shape.chunk):
        times = range(begin, min(begin + shape.chunk, steps))
        lines += _loads(plan.step.inputs, times, shape)
        for t in times:
            lines.append(_call("step", (*states, "spike"), states, plan, shape, t))
            stored = _store_bits(t, shape) if shape.bits else [_store("spikes", "spike", t, shape)]
            lines += stored
    return lines


def _chunk_back(plan: KernelPlan, shape: Shape, times: range) -> list[str]:
    """Write a chunk forwards, with its states kept, then backwards."""
    states = plan.step.states
    lines = []
    for t in times[:-1]:
        following = [f"{state}_{t + 1}" for state in states]
        before = [f"{state}_{t}" for state in states]
        lines.append(_call("step", (*following, "spike"), before, plan, shape, t))
    results = [f"grad_{s}" for s in states] + [f"out_{n}" for n in _requested(shape)]
    for t in reversed(times):
        incoming = [f"grad_{state}" for state in states] + [f"grad_spikes_{t}.to(tl.float32)"]
        before = [f"{state}_{t}" for state in states]
        lines.append(_call("step_back", results, before, plan, shape, t, incoming))
        lines += [_store(f"grad_{name}", f"out_{name}", t, shape) for name in shape.inputs]
        lines += [f"grad_{name} += out_{name}" for name in shape.parameters]
    return lines


def _requested(shape: Shape) -> tuple[str, ...]:
    return (*shape.inputs, *shape.parameters)


def _put_parameter(name: str, shape: Shape) -> list[str]:
    """Write a parameter's gradient: a neuron's own, or the sum over the program's neurons."""
    if name in shape.spread:
        return [_put(f"grad_{name}_out + first + lane", f"grad_{name}", shape)]
    value = f"grad_{name}"
    if shape.masked:
        value = f"tl.where(inside, {value}, 0.0)"
    return [f"tl.store(grad_{name}_out + tl.program_id(0), tl.sum({value}, 0))"]


def _step(plan: KernelPlan, shape: Shape, *, tiny: bool) -> str:
    """Return the step; gradients skip the branch that a tiny quotient's last bit would take."""
    step = plan.step
    arguments = (*step.states, *step.inputs, *step.parameters)
    results = (*step.next_states, step.output)
    pack = shape.pack if tiny else 0
    rounding = Rounding(step.operations, pack)
    return function("step", arguments, step.operations, results, rounding)


def _step_back(plan: KernelPlan, shape: Shape) -> str:
    step, back = plan.step, plan.adjoint
    arguments = (*step.states, *step.inputs, *step.parameters, *back.gradients)
    places = dict(back.results)
    results = [places.get(name) for name in (*step.states, *_requested(shape))]
    rounding = Rounding(step.operations, wide=shape.real == "float64")
    return function("step_back", arguments, back.operations, results, rounding)
