"""A chip's integer step in C++: one call runs a layer over a sequence and keeps some states.

The generated text holds no number of a network, so that networks of one structure share a library:
constants are handed over when it runs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from snncore.dynamics import Equations, Op
from snncore.dynamics.expression import Operation
from snncore.dynamics.printing.render import Dialect, assignments
from snncore.kernels.cpp.backend import WORTH_A_THREAD, pointers
from snncore.kernels.cpp.build import CompilerError, compiler, is_built, load
from snncore.kernels.cpp.numbers import NUMBERS
from snncore.kernels.cpp.source import filled
from snncore.kernels.loop.numbers import largest_number, without_numbers

_COMMON = {
    Op.ADD: "{0} + {1}",
    Op.SUBTRACT: "{0} - {1}",
    Op.MULTIPLY: "{0} * {1}",
    Op.NEGATE: "-{0}",
    Op.MINIMUM: "{0} < {1} ? {0} : {1}",
    Op.MAXIMUM: "{0} > {1} ? {0} : {1}",
    Op.ABSOLUTE: "{0} >= 0 ? {0} : -{0}",
    Op.GREATER: "real({0} > {1})",
    Op.GREATER_EQUAL: "real({0} >= {1})",
    Op.SELECT: "{0} > 0 ? {1} : {2}",
    Op.SPIKE: "real({0} {comparison} 0)",
    Op.DETACH: "{0}",
    Op.CLIP: "clipped({0}, {low}, {high})",
    Op.WRAP_ONCE: "wrapped_once({0}, {half})",
}
_INTEGER = Dialect(
    "C++ integers",
    _COMMON
    | {
        Op.SHIFT_LEFT: "{0} * (real(1) << {a})",
        Op.SHIFT_FLOOR: "{0} >> {a}",
        Op.SHIFT_TO_ZERO: "{0} / (real(1) << {a})",
        Op.WRAP: "(({0} + {half}) & (2 * real({half}) - 1)) - {half}",
    },
)
_DOUBLE = Dialect(
    "C++ doubles that hold integers",
    _COMMON
    | {
        Op.SHIFT_LEFT: "{0} * double(int64_t(1) << {a})",
        Op.SHIFT_FLOOR: "floored({0} / double(int64_t(1) << {a}))",
        Op.SHIFT_TO_ZERO: "truncated({0} / double(int64_t(1) << {a}))",
        Op.WRAP: "{0} - floored(({0} + {half}) / (2.0 * {half})) * (2.0 * {half})",
    },
)

_TEXT = (
    NUMBERS
    + """
using real = @REAL@;
using drive_type = @DRIVE@;
static constexpr int64_t TILE = 512, STATES = @STATES@;

static inline real clipped(real value, real low, real high) {
    const real above = value < low ? low : value;
    return above > high ? high : above;
}

static inline real wrapped_once(real value, real half) {
    const real down = value > half ? value - 2 * half : value;
    return down <= -half ? down + 2 * half : down;
}

// The drives are added. Of the states only those with a place to go are kept for every step, `row`
// values apart.
extern "C" void run(int64_t steps, int64_t size, int64_t threads, int64_t row, int64_t count_drives,
                    const drive_type *const *drives, const real *const *parameters,
                    real *const *states, uint8_t *fired, int64_t *const *kept) {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t first = 0; first < size; first += TILE) {
        const int64_t count = size - first < TILE ? size - first : TILE;
        real state[STATES][TILE];
        for (int64_t k = 0; k < STATES; k++)
            std::memcpy(state[k], states[k] + first, count * sizeof(real));
        @PARAMETERS@
        for (int64_t t = 0; t < steps; t++) {
            drive_type total[TILE];
            const drive_type *__restrict input = drives[0] + t * size + first;
            if (count_drives > 1) {
                std::memcpy(total, input, count * sizeof(drive_type));
                for (int64_t k = 1; k < count_drives; k++) {
                    const drive_type *__restrict more = drives[k] + t * size + first;
                    for (int64_t i = 0; i < count; i++) total[i] += more[i];
                }
                input = total;
            }
            uint8_t *__restrict mark = fired + t * row + first;
#pragma GCC ivdep
            for (int64_t i = 0; i < count; i++) {
                @STEP@
            }
            for (int64_t k = 0; k < STATES; k++) {
                if (kept[k] == nullptr) continue;
                int64_t *__restrict place = kept[k] + t * row + first;
#pragma GCC ivdep
                for (int64_t i = 0; i < count; i++) place[i] = int64_t(state[k][i]);
            }
        }
        for (int64_t k = 0; k < STATES; k++)
            std::memcpy(states[k] + first, state[k], count * sizeof(real));
    }
}
"""
)

# Largest magnitude that each carrier holds, with room for one more addition.
_CARRIERS: tuple[tuple[int, torch.dtype, str, Dialect], ...] = (
    (1 << 31, torch.int32, "int32_t", _INTEGER),
    (1 << 53, torch.float64, "double", _DOUBLE),
    (1 << 62, torch.int64, "int64_t", _INTEGER),
)


# Those that this process loaded, by their source.
_libraries: dict[str, Any] = {}
_DRIVES = {torch.int32: "int32_t", torch.float64: "double"}


@dataclass(frozen=True)
class Parameters:
    """The parameters of a batch of neurons, and pointers to them."""

    values: list[Tensor]
    pointers: Any


@dataclass(frozen=True)
class CompiledStep:
    """A layer's step, compiled for the carrier that holds its integers."""

    equations: Equations
    kind: torch.dtype
    numbers: Mapping[str, Tensor]
    varied: tuple[str, ...]
    drive: torch.dtype
    source: str
    library: Any

    def arranged(self, parameters: Mapping[str, Tensor], step: Sequence[int]) -> Parameters:
        """Return the parameters of a batch of neurons; one that varies has a value for each."""
        available = {**self.numbers, **parameters}
        values = [
            available[name].expand(tuple(step)).contiguous()
            if name in self.varied
            else available[name]
            for name in self.equations.parameters
        ]
        return Parameters(values, pointers(values))

    def run(
        self,
        drives: Sequence[Tensor],
        states: Sequence[Tensor],
        parameters: Parameters,
        keep: Mapping[str, Tensor],
    ) -> None:
        """Write the spikes (T, N, ...), update the states, and write the requested ones to `keep`.

        The drives are added. `keep` has "s" and any of the states: views of larger arrays,
        (T, N, ...) of int64, and of uint8 for the spikes. All lie in the same order in memory.
        """
        drive = drives[0]
        steps, size = drive.shape[0], drive.numel()
        threads = torch.get_num_threads() if size >= WORTH_A_THREAD else 1
        fired = keep["s"]
        places = [keep[n].data_ptr() if n in keep else None for n in self.equations.states]
        self.library.run(
            steps,
            size // steps,
            threads,
            fired.stride(0),
            len(drives),
            (ctypes.c_void_p * len(drives))(*(each.data_ptr() for each in drives)),
            parameters.pointers,
            (ctypes.c_void_p * max(1, len(states)))(*(each.data_ptr() for each in states)),
            fired.data_ptr(),
            (ctypes.c_void_p * max(1, len(places)))(*places),
        )


def integer_step(
    equations: Equations,
    largest: int,
    varied: Sequence[str],
    drive: torch.dtype = torch.int32,
    *,
    build: bool = True,
) -> CompiledStep | None:
    """Compile the step for values up to `largest`; return None if this machine cannot.

    `varied` names the parameters that differ between neurons, `drive` the type that drives them.
    Without `build`, the machine has only the steps that were compiled before.
    """
    shared, numbers = without_numbers(equations)
    reached = max([largest, *map(largest_number, shared.operations)])
    fits = [carrier for carrier in _CARRIERS if 2 * reached < carrier[0]]
    if not fits or compiler() is None:
        return None
    _, kind, real, dialect = fits[0]
    named = tuple(name for name in shared.parameters if name in varied)
    source = _source(shared, named, real, _DRIVES[drive], dialect)
    try:
        library = library_of(source, build=build)
    except CompilerError:
        return None
    if library is None:
        return None
    constants = {name: torch.tensor(value, dtype=kind) for name, value in numbers.items()}
    return CompiledStep(shared, kind, constants, named, drive, source, library)


def library_of(source: str, *, build: bool = True) -> Any | None:
    """Return the compiled library of a source, or None if it needs a build that is not wanted.

    Raises:
        CompilerError: if the compiler refuses it.
    """
    if source not in _libraries:
        if not build and not is_built(source):
            return None
        _libraries[source] = library = load(source)
        library.run.restype = None
        library.run.argtypes = (ctypes.c_int64,) * 5 + (ctypes.c_void_p,) * 5
    return _libraries[source]


def _source(
    equations: Equations, varied: tuple[str, ...], real: str, drive: str, dialect: Dialect
) -> str:
    places = {name: f"state[{k}][i]" for k, name in enumerate(equations.states)}
    for k, name in enumerate(equations.parameters):
        places[name] = f"parameter{k}[i]" if name in varied else f"parameter{k}"

    def leaf(operation: Operation) -> str:
        if operation.op == Op.INPUT:
            return "real(input[i])"
        return places[str(operation.attribute)]

    lines, values = assignments(equations.operations, dialect, leaf, "const real {name} = {value};")
    lines += [
        f"const real next{k} = {values[number]};" for k, number in enumerate(equations.next_states)
    ]
    lines.append(f"const real out = {values[equations.output]};")
    lines += [f"state[{k}][i] = next{k};" for k in range(len(equations.states))]
    lines.append("mark[i] = uint8_t(out);")
    parameters = [
        f"const real *__restrict parameter{k} = parameters[{k}] + first;"
        if name in varied
        else f"const real parameter{k} = *parameters[{k}];"
        for k, name in enumerate(equations.parameters)
    ]
    parts = {
        "REAL": real,
        "DRIVE": drive,
        "STATES": str(len(equations.states)),
        "PARAMETERS": "\n".join(parameters),
        "STEP": "\n".join(lines),
    }
    return filled(_TEXT, parts)
