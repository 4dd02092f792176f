"""The words of CUDA C for a C++ compiler: threads of a block are fibers that take turns."""

WORDS = r"""
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ucontext.h>
#include <vector>

#define ON_CPU 1
#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __shared__ static thread_local
#define __forceinline__ inline
#define __noinline__
#define __launch_bounds__(...)
#define __align__(n) alignas(n)

struct uint3 { unsigned x, y, z; };
struct dim3 { unsigned x = 1, y = 1, z = 1; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
static inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w)
{
    return {x, y, z, w};
}
static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

static uint3 threadIdx, blockIdx;
static dim3 blockDim, gridDim;
static constexpr int warpSize = 32;

namespace on_cpu {

enum class Wait { nothing, block, warp };

struct Fiber {
    ucontext_t context;
    std::vector<char> stack;
    uint3 index;
    Wait wait = Wait::nothing;
    bool done = false;
};

static std::vector<Fiber> fibers;
static ucontext_t scheduler;
static size_t current;
// One thread of the kernel.
static void (*body)(const void *);
static const void *captured;
static std::vector<uint64_t> slots;
// The shared memory whose size the launch says.
static void *dynamic;

static inline void wait_for(Wait what)
{
    fibers[current].wait = what;
    swapcontext(&fibers[current].context, &scheduler);
}

static void enter()
{
    body(captured);
    fibers[current].done = true;
    swapcontext(&fibers[current].context, &scheduler);
}

// Whether all of these that still run wait for this; then they go on.
static bool released(size_t begin, size_t end, Wait what)
{
    bool some = false;
    for (size_t i = begin; i < end; i++) {
        if (fibers[i].done) continue;
        if (fibers[i].wait != what) return false;
        some = true;
    }
    for (size_t i = begin; i < end; i++) fibers[i].wait = Wait::nothing;
    return some;
}

static bool run_block(size_t threads)
{
    constexpr size_t STACK = 1 << 17;
    fibers.clear();
    fibers.resize(threads);
    slots.assign(threads, 0);
    for (size_t i = 0; i < threads; i++) {
        Fiber &fiber = fibers[i];
        fiber.stack.resize(STACK);
        fiber.index = {unsigned(i % blockDim.x), unsigned(i / blockDim.x % blockDim.y),
                       unsigned(i / blockDim.x / blockDim.y)};
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = fiber.stack.data();
        fiber.context.uc_stack.ss_size = STACK;
        fiber.context.uc_link = &scheduler;
        makecontext(&fiber.context, enter, 0);
    }
    for (size_t left = threads;;) {
        bool moved = false;
        for (size_t i = 0; i < threads; i++) {
            if (fibers[i].done || fibers[i].wait != Wait::nothing) continue;
            current = i;
            threadIdx = fibers[i].index;
            swapcontext(&scheduler, &fibers[i].context);
            left -= fibers[i].done;
            moved = true;
        }
        if (left == 0) return true;
        for (size_t i = 0; i < threads; i += 32)
            moved |= released(i, i + 32 < threads ? i + 32 : threads, Wait::warp);
        moved |= released(0, threads, Wait::block);
        if (!moved) return false;
    }
}

// Launches must not overlap: what __shared__ and threadIdx mean, they mean for one at a time.
template <typename Body>
static int run(const unsigned *sizes, size_t shared, int waits, const Body &thread)
{
    std::vector<uint4> memory(shared / sizeof(uint4) + 1);
    dynamic = memory.data();
    gridDim = {sizes[0], sizes[1], sizes[2]};
    blockDim = {sizes[3], sizes[4], sizes[5]};
    captured = &thread;
    body = [](const void *given) { (*static_cast<const Body *>(given))(); };
    const size_t threads = size_t(blockDim.x) * blockDim.y * blockDim.z;
    for (unsigned z = 0; z < gridDim.z; z++)
        for (unsigned y = 0; y < gridDim.y; y++)
            for (unsigned x = 0; x < gridDim.x; x++) {
                blockIdx = {x, y, z};
                // What nobody wrote in this block is not a number.
                std::memset(memory.data(), 0xff, memory.size() * sizeof(uint4));
                if (waits) {
                    if (!run_block(threads)) return 1;
                    continue;
                }
                for (size_t i = 0; i < threads; i++) {
                    threadIdx = {unsigned(i % blockDim.x), unsigned(i / blockDim.x % blockDim.y),
                                 unsigned(i / blockDim.x / blockDim.y)};
                    thread();
                }
            }
    return 0;
}

// What the lane that `from` names has given; a lane's own where there is no such lane.
template <typename T, typename From>
static T exchanged(T value, const From &from)
{
    static_assert(sizeof(T) <= 8, "a shuffle moves at most eight bytes");
    std::memcpy(&slots[current], &value, sizeof value);
    const size_t mine = current, begin = mine / 32 * 32;
    wait_for(Wait::warp);
    const long lane = from(long(mine - begin));
    if (lane >= 0 && lane < 32 && begin + size_t(lane) < fibers.size())
        std::memcpy(&value, &slots[begin + size_t(lane)], sizeof value);
    wait_for(Wait::warp);
    return value;
}


}  // namespace on_cpu

static inline void __syncthreads() { on_cpu::wait_for(on_cpu::Wait::block); }
static inline void __syncwarp(unsigned = 0xffffffffu) { on_cpu::wait_for(on_cpu::Wait::warp); }
static inline void __threadfence() {}
static inline void __threadfence_block() {}

template <typename T>
static T __shfl_down_sync(unsigned, T value, unsigned delta, int width = 32)
{
    return on_cpu::exchanged<T>(value, [=](long lane) {
        return lane % width + long(delta) < width ? lane + long(delta) : lane;
    });
}

template <typename T>
static T __shfl_up_sync(unsigned, T value, unsigned delta, int width = 32)
{
    return on_cpu::exchanged<T>(value, [=](long lane) {
        return lane % width >= long(delta) ? lane - long(delta) : lane;
    });
}

template <typename T>
static T __shfl_xor_sync(unsigned, T value, int mask, int width = 32)
{
    return on_cpu::exchanged<T>(value, [=](long lane) {
        return (lane ^ mask) / width == lane / width ? lane ^ mask : lane;
    });
}

template <typename T>
static T __shfl_sync(unsigned, T value, int source, int width = 32)
{
    return on_cpu::exchanged<T>(value, [=](long lane) {
        return lane / width * width + source % width;
    });
}

static inline unsigned __ballot_sync(unsigned mask, int predicate)
{
    unsigned votes = 0;
    for (int lane = 0; lane < 32; lane++) {
        const bool there = on_cpu::current / 32 * 32 + size_t(lane) < on_cpu::fibers.size();
        const int vote = __shfl_sync(mask, predicate != 0, lane);
        votes |= unsigned(there && vote) << lane;
    }
    return votes & mask;
}
static inline int __any_sync(unsigned mask, int predicate)
{
    return __ballot_sync(mask, predicate) != 0;
}

template <typename T, typename V>
static T atomicAdd(T *place, V value)
{
    const T before = *place;
    *place = before + T(value);
    return before;
}
template <typename T, typename V>
static T atomicMax(T *place, V value)
{
    const T before = *place;
    *place = before < T(value) ? T(value) : before;
    return before;
}

template <typename T>
static T __ldg(const T *from) { return *from; }
template <typename T>
static T __ldcs(const T *from) { return *from; }
template <typename T>
static void __stcs(T *to, T value) { *to = value; }

static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fsub_rn(float a, float b) { return a - b; }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline float __fsqrt_rn(float a) { return std::sqrt(a); }
static inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
static inline float __fdividef(float a, float b) { return a / b; }
#define __expf expf
#define __logf logf
// Newer C libraries declare one of this name.
static inline float on_cpu_rsqrtf(float a) { return 1.0f / std::sqrt(a); }
#define rsqrtf on_cpu_rsqrtf
static inline int __popc(unsigned bits) { return __builtin_popcount(bits); }

template <typename To, typename From>
static To on_cpu_bits(From value)
{
    static_assert(sizeof(To) == sizeof(From), "bits of another size");
    To result;
    std::memcpy(&result, &value, sizeof result);
    return result;
}
static inline int __float_as_int(float value) { return on_cpu_bits<int>(value); }
static inline unsigned __float_as_uint(float value) { return on_cpu_bits<unsigned>(value); }
static inline float __int_as_float(int value) { return on_cpu_bits<float>(value); }
static inline float __uint_as_float(unsigned value) { return on_cpu_bits<float>(value); }
static inline float half_to_float(unsigned short bits)
{
    return float(on_cpu_bits<_Float16>(bits));
}
static inline unsigned short float_to_half(float value)
{
    return on_cpu_bits<unsigned short>(_Float16(value));
}
template <typename T>
static T min(T a, T b) { return b < a ? b : a; }
template <typename T>
static T max(T a, T b) { return a < b ? b : a; }
"""
