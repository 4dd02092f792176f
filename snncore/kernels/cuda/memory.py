"""The memory access of CUDA kernels: a thread's neurons side by side, in each input type."""

ROWS = """
typedef long long Place;
typedef @ELEMENT@ Element;
static constexpr int LANES = @LANES@, THREADS = @THREADS@;
static constexpr int BYTES = LANES * int(sizeof(Element)), WORDS = BYTES > 4 ? BYTES / 4 : 1;

// A thread's values, side by side as they lie in memory.
struct Row { unsigned word[WORDS]; };

static __device__ __forceinline__ Row fetch(const Element *from)
{
    Row row;
    if constexpr (BYTES == 2) {
        row.word[0] = *reinterpret_cast<const unsigned short *>(from);
    } else if constexpr (WORDS == 1) {
        row.word[0] = *reinterpret_cast<const unsigned *>(from);
    } else if constexpr (WORDS == 2) {
        const uint2 both = *reinterpret_cast<const uint2 *>(from);
        row.word[0] = both.x, row.word[1] = both.y;
    } else {
#pragma unroll
        for (int word = 0; word < WORDS; word += 4) {
            const uint4 all = reinterpret_cast<const uint4 *>(from)[word / 4];
            row.word[word] = all.x, row.word[word + 1] = all.y;
            row.word[word + 2] = all.z, row.word[word + 3] = all.w;
        }
    }
    return row;
}

// Compilers split such a store when what is stored was chosen; nobody here reads it again.
static __device__ __forceinline__ void put(Element *to, const Row &row)
{
    if constexpr (BYTES == 2) {
        *reinterpret_cast<unsigned short *>(to) = (unsigned short)row.word[0];
    } else if constexpr (WORDS == 1) {
        *reinterpret_cast<unsigned *>(to) = row.word[0];
    } else {
#if ON_CPU
        for (int word = 0; word < WORDS; word++)
            reinterpret_cast<unsigned *>(to)[word] = row.word[word];
#else
        if constexpr (WORDS == 2)
            asm volatile("st.global.v2.u32 [%0], {%1, %2};"
                         :: "l"(to), "r"(row.word[0]), "r"(row.word[1]));
        else
#pragma unroll
            for (int word = 0; word + 3 < WORDS; word += 4)
                asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};"
                             :: "l"(reinterpret_cast<unsigned *>(to) + word), "r"(row.word[word]),
                                "r"(row.word[word + 1]), "r"(row.word[word + 2]),
                                "r"(row.word[word + 3]));
#endif
    }
}

@CONVERSIONS@
"""

STEPS = """
typedef @SPIKE@ Spike;
static constexpr int STATES = @STATES@, INPUTS = @INPUTS@;
static constexpr int LEARNED = @LEARNED@;
// A bit for each input whose gradient is asked for.
static constexpr int WANTED = @WANTED@;
// REST steps come after the whole chunks, if there are such: LOOPED.
static constexpr int CHUNK = @CHUNK@, REST = @REST@, SPAN = @SPAN@;
static constexpr bool LOOPED = @LOOPED@;
// Neurons that an element of the output holds.
static constexpr int HELD = @HELD@;
// Arrays have at least one place.
static constexpr int SLOTS = @NUMBERS@;
static constexpr int SUMS = LEARNED > 0 ? LEARNED : 1;

@PUT_SPIKES@
// The first LENGTH steps, all asked for before one is needed; the rest only if there is `more`.
template <int LENGTH, int COUNT>
static __device__ __forceinline__ void ask(Row (&into)[COUNT][INPUTS],
                                           const Element *const (&inputs)[INPUTS],
                                           const Place from, const Place size, const bool more)
{
#pragma unroll
    for (int t = 0; t < COUNT; t++)
#pragma unroll
        for (int i = 0; i < INPUTS; i++)
            if (t < LENGTH || more) into[t][i] = fetch(inputs[i] + from + t * size);
}

static __device__ __forceinline__ void widen(float (&input)[INPUTS][LANES],
                                             const Row (&rows)[INPUTS])
{
#pragma unroll
    for (int i = 0; i < INPUTS; i++)
#pragma unroll
        for (int lane = 0; lane < LANES; lane++) input[i][lane] = value(rows[i], lane);
}

static __device__ __forceinline__ void fetch_floats(float (&into)[LANES], const float *from)
{
    if constexpr (LANES % 4 == 0) {
#pragma unroll
        for (int lane = 0; lane < LANES; lane += 4) {
            const float4 all = *reinterpret_cast<const float4 *>(from + lane);
            into[lane] = all.x, into[lane + 1] = all.y;
            into[lane + 2] = all.z, into[lane + 3] = all.w;
        }
    } else if constexpr (LANES == 2) {
        const float2 both = *reinterpret_cast<const float2 *>(from);
        into[0] = both.x, into[1] = both.y;
    } else {
        into[0] = *from;
    }
}

static __device__ __forceinline__ void put_floats(float *to, const float (&values)[LANES])
{
    if constexpr (LANES % 4 == 0) {
#pragma unroll
        for (int lane = 0; lane < LANES; lane += 4)
            *reinterpret_cast<float4 *>(to + lane) = make_float4(
                values[lane], values[lane + 1], values[lane + 2], values[lane + 3]);
    } else if constexpr (LANES == 2) {
        *reinterpret_cast<float2 *>(to) = make_float2(values[0], values[1]);
    } else {
        *to = values[0];
    }
}

// States as they are noted: one row of all neurons for each.
static __device__ __forceinline__ void fetch_states(float (&state)[STATES][LANES],
                                                    const float *from, const Place size)
{
#pragma unroll
    for (int k = 0; k < STATES; k++) fetch_floats(state[k], from + k * size);
}

static __device__ __forceinline__ void put_states(float *to, const float (&state)[STATES][LANES],
                                                  const Place size)
{
#pragma unroll
    for (int k = 0; k < STATES; k++) put_floats(to + k * size, state[k]);
}
"""

PUT_SPIKES = """
static __device__ __forceinline__ void put_spikes(Spike *to, const float (&fired)[LANES])
{
    put(to, packed(fired));
}
"""

PUT_BYTES = """
static __device__ __forceinline__ void put_spikes(Spike *to, const float (&fired)[LANES])
{
    unsigned word[2] = {};
#pragma unroll
    for (int lane = 0; lane < LANES; lane++)
        word[lane / 4] |= unsigned(fired[lane]) << (lane % 4 * 8);
    if constexpr (LANES == 8) {
        *reinterpret_cast<uint2 *>(to) = make_uint2(word[0], word[1]);
    } else if constexpr (LANES == 4) {
        *reinterpret_cast<unsigned *>(to) = word[0];
    } else if constexpr (LANES == 2) {
        *reinterpret_cast<unsigned short *>(to) = (unsigned short)word[0];
    } else {
        *to = (unsigned char)word[0];
    }
}
"""

# Eight neurons a byte, the first in the lowest bit.
PUT_BITS = """
static __device__ __forceinline__ void put_spikes(Spike *to, const float (&fired)[LANES])
{
    unsigned byte = 0;
#pragma unroll
    for (int lane = 0; lane < LANES; lane++) byte |= unsigned(fired[lane] != 0.0f) << lane;
    *to = (unsigned char)byte;
}
"""

WIDE_CONVERSIONS = """
static __device__ __forceinline__ float value(const Row &row, const int lane)
{
    return __uint_as_float(row.word[lane]);
}

static __device__ __forceinline__ Row packed(const float (&values)[LANES])
{
    Row row;
#pragma unroll
    for (int lane = 0; lane < LANES; lane++) row.word[lane] = __float_as_uint(values[lane]);
    return row;
}
"""

_NARROW_CONVERSIONS = """
static __device__ __forceinline__ float value(const Row &row, const int lane)
{
    const unsigned word = row.word[lane / 2];
    return widened(lane % 2 ? word >> 16 : word & 0xffffu);
}

static __device__ __forceinline__ Row packed(const float (&values)[LANES])
{
    Row row;
#pragma unroll
    for (int lane = 0; lane < LANES; lane += 2)
        row.word[lane / 2] = narrowed(values[lane], lane + 1 < LANES ? values[lane + 1] : 0.0f);
    return row;
}
"""

HALF_CONVERSIONS = (
    """
static __device__ __forceinline__ float widened(const unsigned bits)
{
#if ON_CPU
    return half_to_float((unsigned short)bits);
#else
    float result;
    asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"((unsigned short)bits));
    return result;
#endif
}

static __device__ __forceinline__ unsigned half_bits(const float given)
{
#if ON_CPU
    return float_to_half(given);
#else
    unsigned short result;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result) : "f"(given));
    return result;
#endif
}

static __device__ __forceinline__ unsigned narrowed(const float low, const float high)
{
#if !ON_CPU && __CUDA_ARCH__ >= 800
    unsigned result;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
    return result;
#else
    return half_bits(low) | half_bits(high) << 16;
#endif
}
"""
    + _NARROW_CONVERSIONS
)

BFLOAT_CONVERSIONS = (
    """
static __device__ __forceinline__ float widened(const unsigned bits)
{
    return __uint_as_float(bits << 16);
}

// To the nearest, and to the even one of two.
static __device__ __forceinline__ unsigned bfloat_bits(const float given)
{
    const unsigned bits = __float_as_uint(given);
    if (given != given) return 0x7fffu;
    return (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
}

static __device__ __forceinline__ unsigned narrowed(const float low, const float high)
{
#if !ON_CPU && __CUDA_ARCH__ >= 800
    unsigned result;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
    return result;
#else
    return bfloat_bits(low) | bfloat_bits(high) << 16;
#endif
}
"""
    + _NARROW_CONVERSIONS
)
