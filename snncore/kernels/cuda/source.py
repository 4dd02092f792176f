"""CUDA C for a time loop: the loop written by hand, the step and its adjoint filled into it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import indent

from snncore.dynamics.adjoint import SPIKE, gradient_name
from snncore.dynamics.expression import Op
from snncore.kernels.cuda import memory as cuda_memory
from snncore.kernels.cuda import text as cuda_text
from snncore.kernels.cuda.statements import Fixed, number_text, statements
from snncore.kernels.cuda.words import FUNCTIONS
from snncore.kernels.loop.output import Output
from snncore.kernels.loop.plan import KernelPlan

# How each type of the input lies in memory, and is read and written.
ELEMENTS = {
    "float32": ("float", cuda_memory.WIDE_CONVERSIONS),
    "float16": ("unsigned short", cuda_memory.HALF_CONVERSIONS),
    "bfloat16": ("unsigned short", cuda_memory.BFLOAT_CONVERSIONS),
}


@dataclass(frozen=True)
class StepText:
    """A step and the way back through it, as CUDA statements on `state[0][lane]` and the like."""

    name: str
    states: tuple[str, ...]
    inputs: tuple[str, ...]
    parameters: tuple[str, ...]
    forth: str
    # The states before the first step, if none are given.
    begin: tuple[float, ...]
    # None if the step has no gradient.
    back: str | None = None
    # The number of values that are computed once and stored after the parameters.
    fixed: str = ""
    places: int = 0


@dataclass(frozen=True)
class CudaForm:
    """The form of a kernel, fixed when it is compiled, besides the step.

    `chunk` steps are read together, or, going back, kept together; `rest` of them come after the
    last whole chunk. Going back, `span` steps of the input are in shared memory.
    """

    kind: str
    lanes: int
    threads: int
    chunk: int
    rest: int
    looped: bool
    initial: bool
    final: bool
    # True if there may be more neurons than 31 bits can count.
    wide: bool = False
    spread: tuple[str, ...] = ()
    # How the forward kernel writes spikes; as bits only with eight lanes.
    output: Output = Output.INPUT
    # The backward kernel: which gradients it writes.
    span: int = 0
    wanted: tuple[str, ...] = ()
    states: bool = False
    learned: tuple[str, ...] = ()

    @property
    def itemsize(self) -> int:
        """Bytes of an input."""
        return 4 if self.kind == "float32" else 2

    def shared_bytes(self, inputs: int, states: int) -> int:
        """Return the shared memory of a block that goes back through many chunks."""
        if not self.looped:
            return 0
        row = max(4, self.lanes * self.itemsize) * inputs * self.span
        return self.threads * (row + 4 * states * self.lanes * (self.span // self.chunk))


def step_of(plan: KernelPlan, learned: tuple[str, ...], *, exact: bool = False) -> StepText:
    """Return the step of a plan, with the gradients of these parameters.

    Gradients of an `exact` step are rounded after each operation.

    Raises:
        ValueError: if an operation has no word in CUDA, or no derivative.
    """
    step = plan.step
    fixed = Fixed(len(step.parameters))
    forth, back = _forth(plan, fixed), _back(plan, learned, exact, fixed)
    return StepText(
        step.name,
        step.states,
        step.inputs,
        step.parameters,
        forth,
        plan.initial or (0.0,) * len(step.states),
        back,
        "\n".join(fixed.lines),
        fixed.count,
    )


def _places(plan: KernelPlan) -> dict[tuple[Op, str], str]:
    """Return the spelling of each leaf of a step in the computation of a lane."""
    step = plan.step
    places = {(Op.STATE, n): f"state[{k}][lane]" for k, n in enumerate(step.states)}
    places |= {(Op.INPUT, n): f"input[{k}][lane]" for k, n in enumerate(step.inputs)}
    places |= {(Op.PARAMETER, n): f"parameter[{k}][lane]" for k, n in enumerate(step.parameters)}
    places |= {
        (Op.INPUT, gradient_name(n)): f"flowing[{k}][lane]" for k, n in enumerate(step.states)
    }
    return places | {(Op.INPUT, gradient_name(SPIKE)): "incoming"}


def _forth(plan: KernelPlan, fixed: Fixed) -> str:
    step = plan.step
    results = (*step.next_states, step.output)
    lines, values = statements(step.operations, _places(plan), results, fixed)
    lines += _set("state", [values[number] for number in step.next_states])
    return "\n".join([*lines, f"fired = float({values[step.output]});"])


def _back(plan: KernelPlan, learned: tuple[str, ...], exact: bool, fixed: Fixed) -> str:
    step, back = plan.step, plan.adjoint
    numbers = dict(back.results)
    results = [numbers.get(name) for name in (*step.states, *step.inputs, *learned)]
    forward = None if exact else step.operations
    lines, values = statements(back.operations, _places(plan), results, fixed, forward)
    names = (*step.states, *step.inputs, *learned)
    gradients = {name: values[numbers[name]] for name in names if name in numbers}
    lines += [
        f"share[{k}][lane] = float({gradients.get(name, '0')});"
        for k, name in enumerate(step.inputs)
    ]
    lines += [
        f"learned[{k}][lane] = __fadd_rn(learned[{k}][lane], float({gradients[name]}));"
        for k, name in enumerate(learned)
        if name in gradients
    ]
    return "\n".join([*lines, *_set("flowing", [gradients.get(name, "0") for name in step.states])])


def _set(target: str, values: list[str]) -> list[str]:
    # All are read before one is written: a next state may be another state.
    lines = [f"const float next{k} = {value};" for k, value in enumerate(values)]
    return lines + [f"{target}[{k}][lane] = next{k};" for k in range(len(values))]


def forward_source(step: StepText, form: CudaForm) -> str:
    """Write a source whose `forward` computes spikes and last states."""
    parts = _parts(step, form) | {
        "ARGUMENTS": _arguments(forward_arguments(step, form)),
        "WRITE_STATES": "\n".join(
            f"put_floats(last{k} + first, state[{k}]);"
            for k in range(len(step.states))
            if form.final
        ),
    }
    return filled(_SHARED + cuda_text.FORWARD, parts)


def backward_source(step: StepText, form: CudaForm) -> str:
    """Write a source whose `backward` computes the gradients that the form names."""
    states = range(len(step.states))
    own = [k for k, name in enumerate(form.learned) if name in form.spread]
    sums = [k for k, name in enumerate(form.learned) if name not in form.spread]
    parts = _parts(step, form) | {
        "ARGUMENTS": _arguments(backward_arguments(step, form)),
        "BACK": step.back or "",
        "LONG": cuda_text.LONG if form.looped else "",
        "THROUGH_TIME": cuda_text.LONG_WAY if form.looped else cuda_text.SHORT_WAY,
        "GRADIENT_NAMES": ", ".join(
            f"grad_input{k}" if name in form.wanted else "nullptr"
            for k, name in enumerate(step.inputs)
        ),
        "READ_FLOWING": "\n".join(
            f"fetch_floats(flowing[{k}], grad_last{k} + first);" for k in states if form.final
        ),
        "WRITE_FLOWING": "\n".join(
            f"put_floats(grad_first{k} + first, flowing[{k}]);" for k in states if form.states
        ),
        "WRITE_OWN": "\n".join(f"put_floats(grad_learned{k} + first, learned[{k}]);" for k in own),
        "WRITE_SUMS": "\n".join(_SUM.replace("@K@", str(k)) for k in sums),
    }
    return filled(_SHARED + (cuda_text.TOTAL if sums else "") + cuda_text.BACKWARD, parts)


_PUT = {
    Output.INPUT: cuda_memory.PUT_SPIKES,
    Output.BYTES: cuda_memory.PUT_BYTES,
    Output.BITS: cuda_memory.PUT_BITS,
}
_SHARED = FUNCTIONS + cuda_memory.ROWS + cuda_memory.STEPS + cuda_text.ADVANCE
_SUM = """\
{
    float own = learned[@K@][0];
    for (int lane = 1; lane < LANES; lane++) own = __fadd_rn(own, learned[@K@][lane]);
    own = total(own);
    if (threadIdx.x == 0) grad_learned@K@[blockIdx.x] = own;
}"""


def forward_arguments(step: StepText, form: CudaForm) -> list[tuple[str, str]]:
    """Return the type and name of the forward kernel's arguments."""
    element = ELEMENTS[form.kind][0]
    states = range(len(step.states))
    arguments = [(f"const {element} *", f"input{k}") for k in range(len(step.inputs))]
    arguments.append((f"{_spike(form)} *", "spikes"))
    arguments += [("const float *", f"first{k}") for k in states if form.initial]
    arguments += [("float *", f"last{k}") for k in states if form.final]
    return [*arguments, *_parameter_arguments(step, form), ("long long", "size"), ("int", "chunks")]


def backward_arguments(step: StepText, form: CudaForm) -> list[tuple[str, str]]:
    """Return the type and name of the backward kernel's arguments."""
    element = ELEMENTS[form.kind][0]
    states, inputs = range(len(step.states)), range(len(step.inputs))
    arguments = [(f"const {element} *", f"input{k}") for k in inputs]
    arguments.append((f"const {element} *", "grad_spikes"))
    arguments += [
        (f"{element} *", f"grad_input{k}") for k in inputs if step.inputs[k] in form.wanted
    ]
    arguments += [("const float *", f"first{k}") for k in states if form.initial]
    arguments += [("const float *", f"grad_last{k}") for k in states if form.final]
    arguments += [("float *", f"grad_first{k}") for k in states if form.states]
    arguments += [("float *", f"grad_learned{k}") for k in range(len(form.learned))]
    arguments += [("float *", "noted")] if form.looped else []
    return [*arguments, *_parameter_arguments(step, form), ("long long", "size"), ("int", "chunks")]


def _spike(form: CudaForm) -> str:
    return ELEMENTS[form.kind][0] if form.output == Output.INPUT else "unsigned char"


def _parameter_arguments(step: StepText, form: CudaForm) -> list[tuple[str, str]]:
    """Return the parameters, and the layout of those that vary by neuron."""
    places = [k for k, name in enumerate(step.parameters) if name in form.spread]
    pointers = [("const float *", f"parameter{k}") for k in range(len(step.parameters))]
    return pointers + [("long long", f"{part}{k}") for k in places for part in ("inner", "count")]


def _arguments(arguments: list[tuple[str, str]]) -> str:
    return ", ".join(
        f"{kind}__restrict__ {name}" if kind.endswith("*") else f"const {kind} {name}"
        for kind, name in arguments
    )


def _parts(step: StepText, form: CudaForm) -> dict[str, str]:
    element, conversions = ELEMENTS[form.kind]
    mask = sum(1 << k for k, name in enumerate(step.inputs) if name in form.wanted)
    return {
        "NAMES": _names(step),
        "ELEMENT": element,
        "CONVERSIONS": conversions,
        "LANES": str(form.lanes),
        "THREADS": str(form.threads),
        "STATES": str(len(step.states)),
        "INPUTS": str(len(step.inputs)),
        "NUMBERS": str(max(1, len(step.parameters) + step.places)),
        "LEARNED": str(len(form.learned)),
        "WANTED": str(mask),
        "SPIKE": _spike(form),
        "PUT_SPIKES": _PUT[form.output],
        "HELD": "8" if form.output == Output.BITS else "1",
        "SPAN": str(form.span),
        "READ_STATES": _begin(step, form),
        "CHUNK": str(form.chunk),
        "REST": str(form.rest),
        "LOOPED": "true" if form.looped else "false",
        "STEP": step.forth,
        "INPUT_NAMES": ", ".join(f"input{k}" for k in range(len(step.inputs))),
        "READ_PARAMETERS": _read_parameters(step, form),
    }


def _names(step: StepText) -> str:
    """Return the number of each name."""
    groups = (("state", step.states), ("input", step.inputs), ("parameter", step.parameters))
    return "\n".join(f"// {kind} {k} is {n}" for kind, group in groups for k, n in enumerate(group))


def _read_parameters(step: StepText, form: CudaForm) -> str:
    lines = []
    index = "Place" if form.wide else "unsigned"
    for k, name in enumerate(step.parameters):
        offset = ""
        if name in form.spread:
            offset = f" + {index}(first + lane) / {index}(inner{k}) % {index}(count{k})"
        lines.append("#pragma unroll")
        lines.append("for (int lane = 0; lane < LANES; lane++)")
        lines.append(f"    parameter[{k}][lane] = *(parameter{k}{offset});")
    if not step.places:
        return "\n".join(lines)
    if form.spread:
        return "\n".join([*lines, *_each_lane(0, step.fixed)])
    first = len(step.parameters)
    copies = "\n".join(
        f"parameter[{k}][lane] = parameter[{k}][0];" for k in range(first, first + step.places)
    )
    once = ["{", "    constexpr int lane = 0;", indent(step.fixed, "    "), "}"]
    return "\n".join([*lines, *once, *_each_lane(1, copies)])


def _each_lane(first: int, text: str) -> list[str]:
    head = f"for (int lane = {first}; lane < LANES; lane++) {{"
    return ["#pragma unroll", head, indent(text, "    "), "}"]


def _begin(step: StepText, form: CudaForm) -> str:
    """Return the states before the first step."""
    if form.initial:
        return "\n".join(
            f"fetch_floats(state[{k}], first{k} + first);" for k in range(len(step.states))
        )
    lines = ["#pragma unroll", "for (int lane = 0; lane < LANES; lane++) {"]
    lines += [f"    state[{k}][lane] = {number_text(value)};" for k, value in enumerate(step.begin)]
    return "\n".join([*lines, "}"])


def filled(text: str, parts: Mapping[str, str]) -> str:
    """Replace each @NAME@ in the text, and keep the indentation of one on its own line."""

    def lines(match: re.Match[str]) -> str:
        inside = filled(parts[match[2]], parts)
        return indent(inside.strip("\n") + "\n", match[1]) if inside else ""

    text = re.sub(r"^( *)@(\w+)@\n", lines, text, flags=re.MULTILINE)
    return re.sub(r"@(\w+)@", lambda match: parts[match[1]], text)
