"""The hand-written part of the CUDA kernels: the two time loops.

A thread has LANES neurons side by side, and reads and writes them together. Forward reads the next
CHUNK steps before it computes these ones. Backward has a span of the input in its hands, as it lies
in memory: in registers where that is one chunk, else in shared memory. It goes forth through the
span, keeping the states that chunks begin with, then takes the chunks from the last to the first:
forth once more, keeping the states of every step, and back. Nothing is left by the forward kernel;
where the input is longer than a span, backward begins by going forth through all spans but the last
and notes the states that spans begin with.
"""

ADVANCE = """
@NAMES@
static __device__ __forceinline__ float step(float (&state)[STATES][LANES],
                                             const float (&input)[INPUTS][LANES],
                                             const float (&parameter)[SLOTS][LANES], const int lane)
{
    float fired;
    @STEP@
    return fired;
}

// One step of all the thread's neurons, and what fired.
static __device__ __forceinline__ void advance(const Row (&rows)[INPUTS],
                                               float (&state)[STATES][LANES],
                                               const float (&parameter)[SLOTS][LANES],
                                               float (&fired)[LANES])
{
    float input[INPUTS][LANES];
    widen(input, rows);
#pragma unroll
    for (int lane = 0; lane < LANES; lane++) fired[lane] = step(state, input, parameter, lane);
}
"""

FORWARD = """
template <int LENGTH>
static __device__ __forceinline__ void forth(const Row (&given)[CHUNK][INPUTS],
                                             float (&state)[STATES][LANES],
                                             const float (&parameter)[SLOTS][LANES],
                                             Spike *spikes, const Place size)
{
#pragma unroll
    for (int t = 0; t < LENGTH; t++) {
        float fired[LANES];
        advance(given[t], state, parameter, fired);
        put_spikes(spikes + t * (size / HELD), fired);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) forward(@ARGUMENTS@)
{
    const Place first = (Place(blockIdx.x) * THREADS + threadIdx.x) * LANES;
    if (first >= size) return;
    const Element *const inputs[INPUTS] = {@INPUT_NAMES@};
    spikes += first / HELD;
    float state[STATES][LANES], parameter[SLOTS][LANES];
    @READ_PARAMETERS@
    @READ_STATES@
    Row next[CHUNK][INPUTS];
    ask<REST>(next, inputs, first, size, LOOPED);
    for (int chunk = 1; LOOPED && chunk <= chunks; chunk++) {
        Row given[CHUNK][INPUTS];
#pragma unroll
        for (int t = 0; t < CHUNK; t++)
#pragma unroll
            for (int i = 0; i < INPUTS; i++) given[t][i] = next[t][i];
        ask<REST>(next, inputs, Place(chunk) * CHUNK * size + first, size, chunk < chunks);
        forth<CHUNK>(given, state, parameter, spikes, size);
        spikes += CHUNK * (size / HELD);
    }
    forth<REST>(next, state, parameter, spikes, size);
    @WRITE_STATES@
}
"""

TOTAL = """
// The sum over the block, in its first thread, always added in the same order.
static __device__ float total(float value)
{
    __shared__ float parts[THREADS / 32];
    for (int offset = 16; offset > 0; offset /= 2)
        value = __fadd_rn(value, __shfl_down_sync(0xffffffffu, value, offset));
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = value;
    __syncthreads();
    float sum = 0.0f;
    if (threadIdx.x == 0)
        for (int warp = 0; warp < THREADS / 32; warp++) sum = __fadd_rn(sum, parts[warp]);
    __syncthreads();
    return sum;
}
"""

BACKWARD = """
static __device__ __forceinline__ void step_back(
    const float (&state)[STATES][LANES], const float (&input)[INPUTS][LANES],
    const float (&parameter)[SLOTS][LANES], const float incoming, float (&flowing)[STATES][LANES],
    float (&share)[INPUTS][LANES], float (&learned)[SUMS][LANES], const int lane)
{
    @BACK@
}

static __device__ __forceinline__ void keep(float (&copy)[STATES][LANES],
                                            const float (&state)[STATES][LANES])
{
#pragma unroll
    for (int k = 0; k < STATES; k++)
#pragma unroll
        for (int lane = 0; lane < LANES; lane++) copy[k][lane] = state[k][lane];
}

// From here the gradients of a chunk's spikes are read, and those of its inputs written.
struct Gradients {
    const Element *spikes;
    Element *inputs[INPUTS];
};

// Through a chunk forth from its first state, and back.
template <int LENGTH>
static __device__ __forceinline__ void back(const Row (&given)[LENGTH][INPUTS],
                                            const Row (&incoming)[LENGTH],
                                            const Gradients &gradients, const Place from,
                                            const Place size, float (&state)[STATES][LANES],
                                            const float (&parameter)[SLOTS][LANES],
                                            float (&flowing)[STATES][LANES],
                                            float (&learned)[SUMS][LANES])
{
    float kept[LENGTH][STATES][LANES], unused[LANES];
#pragma unroll
    for (int t = 0; t < LENGTH; t++) {
        keep(kept[t], state);
        if (t + 1 < LENGTH) advance(given[t], state, parameter, unused);
    }
#pragma unroll
    for (int t = LENGTH - 1; t >= 0; t--) {
        float input[INPUTS][LANES], share[INPUTS][LANES];
        widen(input, given[t]);
#pragma unroll
        for (int lane = 0; lane < LANES; lane++)
            step_back(kept[t], input, parameter, value(incoming[t], lane), flowing, share, learned,
                      lane);
#pragma unroll
        for (int i = 0; i < INPUTS; i++)
            if (WANTED >> i & 1) put(gradients.inputs[i] + from + t * size, packed(share[i]));
    }
}

template <int LENGTH>
static __device__ __forceinline__ void ask_gradients(Row (&into)[LENGTH],
                                                     const Gradients &gradients, const Place from,
                                                     const Place size)
{
#pragma unroll
    for (int t = 0; t < LENGTH; t++) into[t] = fetch(gradients.spikes + from + t * size);
}

@LONG@
extern "C" __global__ void __launch_bounds__(THREADS) backward(@ARGUMENTS@)
{
    const Place first = (Place(blockIdx.x) * THREADS + threadIdx.x) * LANES;
    float learned[SUMS][LANES] = {};
    if (first < size) {
        const Element *const inputs[INPUTS] = {@INPUT_NAMES@};
        const Gradients gradients = {grad_spikes, {@GRADIENT_NAMES@}};
        float state[STATES][LANES], flowing[STATES][LANES] = {}, parameter[SLOTS][LANES];
        @READ_PARAMETERS@
        @READ_FLOWING@
        @READ_STATES@
        @THROUGH_TIME@
        @WRITE_FLOWING@
        @WRITE_OWN@
    }
    @WRITE_SUMS@
}
"""

# Where all steps are one chunk.
SHORT_WAY = """
Row given[REST][INPUTS], incoming[REST];
ask<REST>(given, inputs, first, size, false);
ask_gradients(incoming, gradients, first, size);
back(given, incoming, gradients, first, size, state, parameter, flowing, learned);
"""

LONG = """
// A span of the input as it lies in memory, a column for each thread, and the states in between.
extern __shared__ __align__(16) unsigned shared[];

static __device__ __forceinline__ unsigned *staged(const int t, const int i)
{
    return shared + ((t * INPUTS + i) * THREADS + int(threadIdx.x)) * WORDS;
}

static __device__ __forceinline__ float *begun(const int chunk, const int k, const int lane)
{
    const int row = (chunk * STATES + k) * LANES + lane;
    return reinterpret_cast<float *>(shared) + SPAN * INPUTS * WORDS * THREADS + row * THREADS +
           int(threadIdx.x);
}

// Begins to copy a step of the input; nobody waits yet.
static __device__ __forceinline__ void stage(unsigned *to, const Element *from)
{
#if !ON_CPU && __CUDA_ARCH__ >= 800
    if constexpr (BYTES >= 4) {
        const unsigned place = (unsigned)__cvta_generic_to_shared(to);
        asm volatile("cp.async.ca.shared.global [%0], [%1], %2;"
                     :: "r"(place), "l"(from), "n"(WORDS * 4) : "memory");
        return;
    }
#endif
    const Row row = fetch(from);
#pragma unroll
    for (int word = 0; word < WORDS; word++) to[word] = row.word[word];
}

static __device__ __forceinline__ void wait_for_stage()
{
#if !ON_CPU && __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}

static __device__ __forceinline__ void take(Row (&given)[CHUNK][INPUTS], const int chunk)
{
#pragma unroll
    for (int t = 0; t < CHUNK; t++)
#pragma unroll
        for (int i = 0; i < INPUTS; i++)
#pragma unroll
            for (int word = 0; word < WORDS; word++)
                given[t][i].word[word] = staged(chunk * CHUNK + t, i)[word];
}

static __device__ __forceinline__ void through(const Row (&given)[CHUNK][INPUTS],
                                               float (&state)[STATES][LANES],
                                               const float (&parameter)[SLOTS][LANES])
{
    float unused[LANES];
#pragma unroll
    for (int t = 0; t < CHUNK; t++) advance(given[t], state, parameter, unused);
}

// Through all spans but the last, noting the states that the next one begins with.
static __device__ void note_spans(const Element *const (&inputs)[INPUTS], float *noted,
                                  const int spans, const Place first, const Place size,
                                  float (&state)[STATES][LANES],
                                  const float (&parameter)[SLOTS][LANES])
{
    for (int span = 0; span < spans; span++) {
        for (int chunk = 0; chunk < SPAN / CHUNK; chunk++) {
            Row given[CHUNK][INPUTS];
            const Place from = (Place(span) * SPAN + chunk * CHUNK) * size + first;
            ask<CHUNK>(given, inputs, from, size, false);
            through(given, state, parameter);
        }
        put_states(noted + Place(span) * STATES * size + first, state, size);
    }
}
"""

# Where there are whole chunks before the rest; `chunks` of them in all.
LONG_WAY = """
const int spans = chunks / (SPAN / CHUNK);
note_spans(inputs, noted, spans, first, size, state, parameter);
for (int span = spans; span >= 0; span--) {
    const bool last = span == spans;
    const int whole = last ? chunks - spans * (SPAN / CHUNK) : SPAN / CHUNK;
    const Place begin = Place(span) * SPAN * size + first;
    for (int chunk = 0; chunk < whole; chunk++)
#pragma unroll
        for (int t = chunk * CHUNK; t < chunk * CHUNK + CHUNK; t++)
#pragma unroll
            for (int i = 0; i < INPUTS; i++) stage(staged(t, i), inputs[i] + begin + t * size);
    if (!last) {
        if (span > 0) {
            fetch_states(state, noted + Place(span - 1) * STATES * size + first, size);
        } else {
            @READ_STATES@
        }
    }
    Row rest[REST][INPUTS], rest_incoming[REST], next[CHUNK];
    const Place end = begin + Place(whole) * CHUNK * size;
    if (last) {
        ask<REST>(rest, inputs, end, size, false);
        ask_gradients(rest_incoming, gradients, end, size);
    }
    if (whole > 0) ask_gradients(next, gradients, end - CHUNK * size, size);
    wait_for_stage();
    for (int chunk = 0; chunk < whole; chunk++) {
#pragma unroll
        for (int k = 0; k < STATES; k++)
#pragma unroll
            for (int lane = 0; lane < LANES; lane++) *begun(chunk, k, lane) = state[k][lane];
        if (last || chunk + 1 < whole) {
            Row given[CHUNK][INPUTS];
            take(given, chunk);
            through(given, state, parameter);
        }
    }
    if (last)
        back(rest, rest_incoming, gradients, end, size, state, parameter, flowing, learned);
    for (int chunk = whole - 1; chunk >= 0; chunk--) {
        const Place from = begin + Place(chunk) * CHUNK * size;
        Row given[CHUNK][INPUTS], incoming[CHUNK];
        take(given, chunk);
#pragma unroll
        for (int t = 0; t < CHUNK; t++) incoming[t] = next[t];
        if (chunk > 0) ask_gradients(next, gradients, from - CHUNK * size, size);
#pragma unroll
        for (int k = 0; k < STATES; k++)
#pragma unroll
            for (int lane = 0; lane < LANES; lane++) state[k][lane] = *begun(chunk, k, lane);
        back(given, incoming, gradients, from, size, state, parameter, flowing, learned);
    }
}
"""
