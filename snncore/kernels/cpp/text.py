"""The hand-written part of the C++ kernels: words that are functions, and the two time loops.

Neurons go in tiles whose states stay in the first cache while time passes. Backward runs forward
once to keep the states at the start of each chunk of steps, then takes the chunks from the last to
the first: it computes a chunk's states again from the inputs, and goes back through them.
"""

from snncore.dynamics import logarithm
from snncore.dynamics.exponential import HIGHEST, LOG2_E, LOG_2_HIGH, LOG_2_LOW, LOWEST, POLYNOMIAL
from snncore.kernels.cpp.numbers import NUMBERS

_HORNER = "\n".join(f"    sum = sum * rest + {c!r}f;" for c in POLYNOMIAL[1:])
_LOG_HORNER = "\n".join(f"    sum = sum * rest + {c!r}f;" for c in logarithm.POLYNOMIAL[1:])

PREAMBLE = f"""\
{NUMBERS}
using real = @REAL@;
// What sequences are stored in.
using wire = @WIRE@;

static inline float exponential(float value) {{
    float x = value < {LOWEST}f ? {LOWEST}f : value;
    x = x > {HIGHEST}f ? {HIGHEST}f : x;
    const float whole = floored(x * float({LOG2_E!r}) + 0.5f);
    const float rest = (x - whole * {LOG_2_HIGH!r}f) - whole * float({LOG_2_LOW!r});
    float sum = {POLYNOMIAL[0]!r}f;
{_HORNER}
    const int32_t bits = (int32_t(whole) + 127) << 23;
    float power;
    std::memcpy(&power, &bits, sizeof power);
    return ((sum * (rest * rest) + rest) + 1.0f) * power;
}}

static inline double exponential(double value) {{ return __builtin_exp(value); }}

static inline float logarithm(float value) {{
    const float huge = __builtin_huge_valf();
    const bool small = value < {logarithm.NORMAL!r}f;
    const float grown = small ? value * {logarithm.GROWN!r}f : value;
    int32_t bits;
    std::memcpy(&bits, &grown, sizeof bits);
    const int32_t exponent = int32_t(uint32_t(bits) - {logarithm.BEGIN:#x}u) >> 23;
    bits = int32_t(uint32_t(bits) - (uint32_t(exponent) << 23));
    float fraction;
    std::memcpy(&fraction, &bits, sizeof fraction);
    const float rest = fraction - 1.0f, square = rest * rest;
    const float whole = float(small ? exponent - {logarithm.SHIFTED} : exponent);
    float sum = {logarithm.POLYNOMIAL[0]!r}f;
{_LOG_HORNER}
    const float above = (sum * (rest * square) + whole * float({LOG_2_LOW!r})) - square * 0.5f;
    const float result = (rest + above) + whole * {LOG_2_HIGH!r}f;
    const float finite = value < huge ? result : value;
    return value > 0.0f ? finite : value == 0.0f ? -huge : __builtin_nanf("");
}}

static inline double logarithm(double value) {{ return __builtin_log(value); }}

// Nothing given is zero.
static inline void take(real *to, const real *from, int64_t first, int64_t count) {{
    if (from) std::memcpy(to, from + first, count * sizeof(real));
    else std::memset(to, 0, count * sizeof(real));
}}
"""

LOOPS = """
static constexpr int64_t TILE = @TILE@, CHUNK = 16, STATES = @STATES@, LEARNED = @LEARNED@;

// A chunk's states; memory comes by lines of the cache.
typedef real States[STATES][TILE];
struct alignas(64) Line { char bytes[64]; };

// Neurons of a tile: whole lines, about as many in each, and a tile for every thread.
static inline int64_t tiled(int64_t size, int64_t threads) {
    const int64_t share = size ? (size + threads - 1) / threads : 1;
    const int64_t tiles = (share + TILE - 1) / TILE;
    return ((share + tiles - 1) / tiles + 63) / 64 * 64;
}

static inline void keep(States &to, const States &from, int64_t count) {
    for (int64_t k = 0; k < STATES; k++) std::memcpy(to[k], from[k], count * sizeof(real));
}

extern "C" void forward(int64_t steps, int64_t size, int64_t threads,
                        const wire *const *inputs, const real *const *states,
                        const real *const *parameters, wire *spikes, real *const *last) {
    const int64_t width = tiled(size, threads);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t first = 0; first < size; first += width) {
        const int64_t count = size - first < width ? size - first : width;
        States state;
        for (int64_t k = 0; k < STATES; k++) take(state[k], states[k], first, count);
        @PARAMETERS@
        for (int64_t t = 0; t < steps; t++) {
            @READ_INPUTS@
            wire *__restrict fired = spikes + t * size + first;
            @FORWARD_FIXED@
#pragma GCC ivdep
            for (int64_t i = 0; i < count; i++) {
                @FORWARD@
            }
        }
        for (int64_t k = 0; k < STATES; k++)
            std::memcpy(last[k] + first, state[k], count * sizeof(real));
    }
}

extern "C" void backward(int64_t steps, int64_t size, int64_t threads,
                         const wire *const *inputs, const real *const *states,
                         const real *const *parameters, const wire *grad_spikes,
                         const real *const *grad_last, wire *const *grad_inputs,
                         real *const *grad_states, real *const *grad_parameters) {
    const int64_t chunks = (steps + CHUNK - 1) / CHUNK, width = tiled(size, threads);
#pragma omp parallel num_threads(threads)
    {
        Line *const memory = new Line[(CHUNK + chunks) * (sizeof(States) / 64)];
        States *const kept = reinterpret_cast<States *>(memory), *const starts = kept + CHUNK;
#pragma omp for schedule(static)
        for (int64_t first = 0; first < size; first += width) {
            const int64_t count = size - first < width ? size - first : width;
            States state, flowing;
            real learned[@SLOTS@][TILE];
            for (int64_t k = 0; k < STATES; k++) {
                take(state[k], states[k], first, count);
                take(flowing[k], grad_last[k], first, count);
            }
            for (int64_t k = 0; k < LEARNED; k++) take(learned[k], nullptr, first, count);
            @PARAMETERS@
            const auto advance = [&](int64_t t) {
                @READ_INPUTS@
                @ADVANCE_FIXED@
#pragma GCC ivdep
                for (int64_t i = 0; i < count; i++) {
                    @ADVANCE@
                }
            };
            for (int64_t t = 0; t < (chunks - 1) * CHUNK; t++) {
                if (t % CHUNK == 0) keep(starts[t / CHUNK], state, count);
                advance(t);
            }
            for (int64_t chunk = chunks - 1; chunk >= 0; chunk--) {
                const int64_t begin = chunk * CHUNK;
                const int64_t length = steps - begin < CHUNK ? steps - begin : CHUNK;
                if (chunk < chunks - 1) keep(state, starts[chunk], count);
                for (int64_t k = 0; k < length; k++) {
                    keep(kept[k], state, count);
                    if (k < length - 1) advance(begin + k);
                }
                for (int64_t k = length - 1; k >= 0; k--) {
                    const int64_t t = begin + k;
                    @READ_INPUTS@
                    @WRITE_INPUTS@
                    const wire *__restrict incoming = grad_spikes + t * size + first;
                    @ADJOINT_FIXED@
#pragma GCC ivdep
                    for (int64_t i = 0; i < count; i++) {
                        @ADJOINT@
                    }
                }
            }
            for (int64_t k = 0; k < STATES; k++)
                if (grad_states[k])
                    std::memcpy(grad_states[k] + first, flowing[k], count * sizeof(real));
            for (int64_t k = 0; k < LEARNED; k++)
                std::memcpy(grad_parameters[k] + first, learned[k], count * sizeof(real));
        }
        delete[] memory;
    }
}
"""
