"""The vector instructions of products of small integers, spelled for the processor at hand.

Four bytes of a source are repeated over a vector and multiplied with the weights of one output in
each lane. Instructions are spelled as assembler: compilers take longer to read their own headers of
vector functions than to compile everything else.
"""

VECTORS = r"""
#if defined(__AVX512VNNI__) && defined(__AVX512F__)
typedef int32_t vector __attribute__((vector_size(64)));
// Bytes are summed in 32 bits, where no pair of products is too large.
static constexpr bool NARROW = false;
static inline vector bytes(vector sum, vector x, vector w) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
    return sum;
}
static inline vector words(vector sum, vector x, vector w) {
    asm("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
    return sum;
}
static inline vector widened(vector total, vector part) { return total + part; }
#elif defined(__AVX2__)
typedef int32_t vector __attribute__((vector_size(32)));
typedef int16_t halves __attribute__((vector_size(32)));
// Bytes are summed in 16 bits, and seldom widened to 32.
static constexpr bool NARROW = true;
static inline vector bytes(vector sum, vector x, vector w) {
    halves pairs;
    asm("vpmaddubsw %2, %1, %0" : "=x"(pairs) : "x"(x), "x"(w));
    return (vector)((halves)sum + pairs);
}
static inline vector words(vector sum, vector x, vector w) {
    vector pairs;
    asm("vpmaddwd %2, %1, %0" : "=x"(pairs) : "x"(x), "x"(w));
    return sum + pairs;
}
static inline vector widened(vector total, vector part) {
    const halves ones = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    return words(total, part, (vector)ones);
}
#else
#error "this processor has no vector products of small integers"
#endif

static inline vector loaded(const void *memory) {
    vector value;
    std::memcpy(&value, memory, sizeof(value));
    return value;
}

static inline vector repeated(const char *memory) {
    int32_t value;
    std::memcpy(&value, memory, 4);
    return vector{} + value;
}
"""
