"""The C++ text of integer sums of few spikes: the weights of an input's outputs lie in a row."""

from snncore.kernels.cpp.numbers import NUMBERS

SOURCE = (
    NUMBERS
    + """
#include <type_traits>
#include <vector>

using Index = int64_t;

struct Form {
    Index images, height, width, channels, outputs, rows, columns, kernel_rows, kernel_columns;
    Index down, right, top, left, row_step, column_step, threads;
};

// Whether at most so many bytes are not zero: it stops once there are more.
extern "C" Index few(const uint8_t *x, Index size, Index most) {
    Index total = 0;
    for (Index first = 0; first < size && total <= most; first += 4096) {
        const Index last = size - first < 4096 ? size : first + 4096;
        int32_t part = 0;
        for (Index i = first; i < last; i++) part += x[i] != 0;
        total += part;
    }
    return total <= most;
}

// Writes the places of the bytes that are not zero, and returns how many there are.
static inline Index listed(const uint8_t *x, Index size, Index *places) {
    Index many = 0, i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t eight;
        std::memcpy(&eight, x + i, 8);
        if (!eight) continue;
        for (Index k = i; k < i + 8; k++)
            if (x[k]) places[many++] = k;
    }
    for (; i < size; i++)
        if (x[i]) places[many++] = i;
    return many;
}

// Adds the rows of a table that the places name.
template <class Weight>
static inline void gather(int32_t *__restrict sum, const Index *places, Index many,
                          const Weight *table, Index n) {
    // Four bytes fit 16 bits, and four words 32.
    using Part = std::conditional_t<sizeof(Weight) == 1, int16_t, int32_t>;
    Index e = 0;
    for (; e + 4 <= many; e += 4) {
        const Weight *__restrict a = table + places[e] * n;
        const Weight *__restrict b = table + places[e + 1] * n;
        const Weight *__restrict c = table + places[e + 2] * n;
        const Weight *__restrict d = table + places[e + 3] * n;
#pragma GCC ivdep
        for (Index o = 0; o < n; o++)
            sum[o] += Part(Part(Part(a[o]) + Part(b[o])) + Part(Part(c[o]) + Part(d[o])));
    }
    for (; e < many; e++) {
        const Weight *__restrict row = table + places[e] * n;
#pragma GCC ivdep
        for (Index o = 0; o < n; o++) sum[o] += row[o];
    }
}

// x: (images, height, width, channels); weights: (kernel, channels, outputs); sums: (images, rows,
// columns, outputs). Dense weights are a kernel of one pixel.
template <class Weight>
static void add_spikes(const Form &g, const uint8_t *x, const Weight *weights, int32_t *sums) {
    const Index pixels = g.rows * g.columns, area = g.height * g.width;
#pragma omp parallel num_threads(g.threads)
    {
        std::vector<Index> places(g.channels);
#pragma omp for schedule(static)
        for (Index m = 0; m < g.images; m++) {
            int32_t *target = sums + m * pixels * g.outputs;
            std::memset(target, 0, pixels * g.outputs * sizeof(int32_t));
            for (Index p = 0; p < area; p++) {
                const Index many = listed(x + (m * area + p) * g.channels, g.channels,
                                          places.data());
                if (!many) continue;
                for (Index i = 0; i < g.kernel_rows; i++) {
                    const Index above = p / g.width + g.top - i * g.row_step;
                    if (above < 0 || above % g.down || above / g.down >= g.rows) continue;
                    for (Index j = 0; j < g.kernel_columns; j++) {
                        const Index before = p % g.width + g.left - j * g.column_step;
                        if (before < 0 || before % g.right || before / g.right >= g.columns)
                            continue;
                        const Index pixel = above / g.down * g.columns + before / g.right;
                        const Index position = i * g.kernel_columns + j;
                        gather(target + pixel * g.outputs, places.data(), many,
                               weights + position * g.channels * g.outputs, g.outputs);
                    }
                }
            }
        }
    }
}

extern "C" void add_bytes(const Form *form, const uint8_t *x, const int8_t *weights,
                          int32_t *sums) {
    add_spikes(*form, x, weights, sums);
}

extern "C" void add_words(const Form *form, const uint8_t *x, const int16_t *weights,
                          int32_t *sums) {
    add_spikes(*form, x, weights, sums);
}
"""
)
