"""The C++ text of event-driven sums: weights lie with the outputs of one input in a row."""

from snncore.kernels.cpp.numbers import NUMBERS

SOURCE = (
    NUMBERS
    + """
#include <vector>

using Index = int64_t;
static constexpr Index TILE = 1024;

struct Event { Index place; float value; };

// Whether at most so many values are not zero: it stops once there are more.
extern "C" Index few(const float *x, Index size, Index most) {
    Index total = 0;
    for (Index first = 0; first < size && total <= most; first += TILE) {
        const Index last = size - first < TILE ? size : first + TILE;
        for (Index i = first; i < last; i++) total += x[i] != 0;
    }
    return total <= most;
}

// The events of every row, one row after another; `starts` says where each begins.
static std::vector<Event> by_row(const float *x, Index rows, Index inputs, Index *starts) {
    std::vector<Event> events;
    for (Index r = 0; r < rows; r++) {
        starts[r] = events.size();
        for (Index i = 0; i < inputs; i++)
            if (x[r * inputs + i] != 0) events.push_back({i, x[r * inputs + i]});
    }
    starts[rows] = events.size();
    return events;
}

// The same by input: the place of an event is its row.
static std::vector<Event> by_input(const float *x, Index rows, Index inputs, Index *starts) {
    for (Index i = 0; i <= inputs; i++) starts[i] = 0;
    for (Index r = 0; r < rows; r++)
        for (Index i = 0; i < inputs; i++) starts[i + 1] += x[r * inputs + i] != 0;
    for (Index i = 0; i < inputs; i++) starts[i + 1] += starts[i];
    std::vector<Event> events(starts[inputs]);
    std::vector<Index> next(starts, starts + inputs);
    for (Index r = 0; r < rows; r++)
        for (Index i = 0; i < inputs; i++)
            if (x[r * inputs + i] != 0) events[next[i]++] = {r, x[r * inputs + i]};
    return events;
}

static inline void add(float *__restrict sum, const float *__restrict row, float value, Index n) {
#pragma GCC ivdep
    for (Index o = 0; o < n; o++) sum[o] += value * row[o];
}

// Adds the rows of a table that events name, times their values, in the order of the events.
static void gather(float *__restrict sum, const Event *events, Index many, const float *table,
                   Index width, Index n) {
    Index e = 0;
    for (; e + 4 <= many; e += 4) {
        const float *__restrict a = table + events[e].place * width;
        const float *__restrict b = table + events[e + 1].place * width;
        const float *__restrict c = table + events[e + 2].place * width;
        const float *__restrict d = table + events[e + 3].place * width;
        const float p = events[e].value, q = events[e + 1].value;
        const float s = events[e + 2].value, t = events[e + 3].value;
#pragma GCC ivdep
        for (Index o = 0; o < n; o++)
            sum[o] = (((sum[o] + p * a[o]) + q * b[o]) + s * c[o]) + t * d[o];
    }
    for (; e < many; e++) add(sum, table + events[e].place * width, events[e].value, n);
}

// weights: (inputs, outputs); sums: (rows, outputs).
extern "C" void linear(Index rows, Index inputs, Index outputs, Index threads, const float *x,
                       const float *weights, const float *bias, float *sums) {
    std::vector<Index> starts(rows + 1);
    const std::vector<Event> events = by_row(x, rows, inputs, starts.data());
#pragma omp parallel for num_threads(threads) schedule(static)
    for (Index first = 0; first < outputs; first += TILE) {
        const Index n = outputs - first < TILE ? outputs - first : TILE;
        for (Index r = 0; r < rows; r++) {
            float *sum = sums + r * outputs + first;
            for (Index o = 0; o < n; o++) sum[o] = bias ? bias[first + o] : 0;
            gather(sum, events.data() + starts[r], starts[r + 1] - starts[r], weights + first,
                   outputs, n);
        }
    }
}

// gradient: (rows, outputs); by_weight: (inputs, outputs).
extern "C" void linear_backward(Index rows, Index inputs, Index outputs, Index threads,
                                const float *x, const float *gradient, float *by_weight) {
    std::vector<Index> starts(inputs + 1);
    const std::vector<Event> events = by_input(x, rows, inputs, starts.data());
#pragma omp parallel for num_threads(threads) schedule(static)
    for (Index i = 0; i < inputs; i++) {
        std::memset(by_weight + i * outputs, 0, outputs * sizeof(float));
        gather(by_weight + i * outputs, events.data() + starts[i], starts[i + 1] - starts[i],
               gradient, outputs, outputs);
    }
}

struct Geometry {
    Index images, channels, height, width, outputs, rows, columns;
    Index kernel_rows, kernel_columns, down, right, top, left, row_step, column_step, threads;
};

// Calls `visit(weights' row, output's pixel)` for each window in which an input pixel stands.
template <class Visit>
static inline void windows(const Geometry &g, Index c, Index y, Index x, Visit visit) {
    for (Index i = 0; i < g.kernel_rows; i++) {
        const Index above = y + g.top - i * g.row_step;
        if (above < 0 || above % g.down || above / g.down >= g.rows) continue;
        for (Index j = 0; j < g.kernel_columns; j++) {
            const Index before = x + g.left - j * g.column_step;
            if (before < 0 || before % g.right || before / g.right >= g.columns) continue;
            visit((c * g.kernel_rows + i) * g.kernel_columns + j,
                  above / g.down * g.columns + before / g.right);
        }
    }
}

// weights: (channels, kernel, outputs); sums: (images, outputs, rows, columns).
extern "C" void conv(const Geometry *geometry, const float *x, const float *weights,
                     const float *bias, float *sums) {
    const Geometry &g = *geometry;
    const Index pixels = g.rows * g.columns, size = g.channels * g.height * g.width;
#pragma omp parallel num_threads(g.threads)
    {
        std::vector<float> image(pixels * g.outputs);
#pragma omp for schedule(static)
        for (Index m = 0; m < g.images; m++) {
            for (Index p = 0; p < pixels; p++)
                for (Index o = 0; o < g.outputs; o++)
                    image[p * g.outputs + o] = bias ? bias[o] : 0;
            for (Index k = 0; k < size; k++) {
                const float value = x[m * size + k];
                if (value == 0) continue;
                windows(g, k / (g.height * g.width), k / g.width % g.height, k % g.width,
                        [&](Index row, Index pixel) {
                            add(image.data() + pixel * g.outputs, weights + row * g.outputs, value,
                                g.outputs);
                        });
            }
            float *target = sums + m * pixels * g.outputs;
            for (Index o = 0; o < g.outputs; o++)
                for (Index p = 0; p < pixels; p++)
                    target[o * pixels + p] = image[p * g.outputs + o];
        }
    }
}

// gradient: (images, rows, columns, outputs); by_weight: (channels, kernel, outputs).
extern "C" void conv_backward(const Geometry *geometry, const float *x, const float *gradient,
                              float *by_weight) {
    const Geometry &g = *geometry;
    const Index area = g.height * g.width, pixels = g.rows * g.columns;
    const Index kernel = g.kernel_rows * g.kernel_columns * g.outputs;
#pragma omp parallel for num_threads(g.threads) schedule(static)
    for (Index c = 0; c < g.channels; c++) {
        std::memset(by_weight + c * kernel, 0, kernel * sizeof(float));
        for (Index m = 0; m < g.images; m++)
            for (Index k = 0; k < area; k++) {
                const float value = x[(m * g.channels + c) * area + k];
                if (value == 0) continue;
                windows(g, c, k / g.width, k % g.width, [&](Index row, Index pixel) {
                    add(by_weight + row * g.outputs, gradient + (m * pixels + pixel) * g.outputs,
                        value, g.outputs);
                });
            }
    }
}
"""
)
