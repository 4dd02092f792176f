"""Products of small integers in C++: convolutions and dense weights, sum by sum exact.

A window of an image is a list of positions, one for each of the kernel's, or -1 in the padding;
dense weights are a window of one position. Images have their channels last. A block of pixels
times a block of outputs stays in registers.
"""

from snncore.kernels.cpp.numbers import NUMBERS
from snncore.kernels.cpp.products.vectors import VECTORS

_BLOCK = r"""
static constexpr int64_t PIXELS = 6, VECTORS = 2, LANES = sizeof(vector) / 4;
static constexpr int64_t OUTPUTS = VECTORS * LANES, BLOCK = VECTORS * sizeof(vector);
// Blocks of pixels that reuse a block of weights.
static constexpr int64_t TILE = 12;

struct Layer {
    // Windows in an image, positions in a window, and channels of what is read and written.
    int64_t windows, positions, channels, outputs;
    // Images are steps times samples, which lie so many bytes apart, as do an image's pixels.
    int64_t images, samples, step_bytes, sample_bytes, pixel_bytes;
    // Whether sources and weights are bytes, and how many products a narrow sum holds.
    int64_t are_bytes, most;
    // Whether the same window of all images comes before the next window.
    int64_t across, threads;
};

extern "C" int64_t outputs_of_a_block() { return OUTPUTS; }
extern "C" int64_t is_narrow() { return NARROW; }

template <bool BYTES>
static inline void block(const char *const *rows, const int64_t *positions, int64_t count,
                         int64_t groups, int64_t most, const char *weights,
                         int32_t (*sums)[OUTPUTS]) {
    constexpr bool WIDENS = BYTES && NARROW;
    vector part[PIXELS][VECTORS] = {}, total[PIXELS][VECTORS] = {};
    int64_t left = most;
    for (int64_t k = 0; k < count; k++) {
        const char *const *x = rows + k * PIXELS;
        const char *w = weights + positions[k] * groups * BLOCK;
        for (int64_t at = 0; at < groups;) {
            const int64_t until = !WIDENS || groups - at < left ? groups : at + left;
            if (WIDENS) left -= until - at;
            for (; at < until; at++) {
                vector weight[VECTORS];
                for (int64_t v = 0; v < VECTORS; v++)
                    weight[v] = loaded(w + at * BLOCK + v * sizeof(vector));
                for (int64_t p = 0; p < PIXELS; p++) {
                    const vector value = repeated(x[p] + at * 4);
                    for (int64_t v = 0; v < VECTORS; v++)
                        part[p][v] = BYTES ? bytes(part[p][v], value, weight[v])
                                           : words(part[p][v], value, weight[v]);
                }
            }
            if (!WIDENS || left > 0) continue;
            for (int64_t p = 0; p < PIXELS; p++)
                for (int64_t v = 0; v < VECTORS; v++) {
                    total[p][v] = widened(total[p][v], part[p][v]);
                    part[p][v] = vector{};
                }
            left = most;
        }
    }
    for (int64_t p = 0; p < PIXELS; p++)
        for (int64_t v = 0; v < VECTORS; v++) {
            const vector sum = WIDENS ? widened(total[p][v], part[p][v]) : part[p][v];
            std::memcpy(sums[p] + v * LANES, &sum, sizeof(sum));
        }
}
"""

_PRODUCT = r"""
static inline void whereabouts(const Layer &layer, int64_t pixel, int64_t &window, int64_t &image) {
    window = layer.across ? pixel / layer.images : pixel % layer.windows;
    image = layer.across ? pixel % layer.images : pixel / layer.windows;
}

static inline const char *image_at(const Layer &layer, const char *source, int64_t image) {
    return source + image / layer.samples * layer.step_bytes +
           image % layer.samples * layer.sample_bytes;
}

// Writes what a block of pixels reads, and returns how many positions are not padding for all.
static int64_t rows_of(const Layer &layer, const char *source, const int32_t *table,
                       const char *nothing, int64_t first, const char **rows, int64_t *positions) {
    const int64_t pixels = layer.windows * layer.images;
    const int32_t *seen[PIXELS];
    const char *images[PIXELS];
    for (int64_t p = 0; p < PIXELS; p++) {
        int64_t window, image;
        whereabouts(layer, first + p < pixels ? first + p : pixels - 1, window, image);
        seen[p] = table + window * layer.positions;
        images[p] = image_at(layer, source, image);
    }
    int64_t count = 0;
    for (int64_t k = 0; k < layer.positions; k++) {
        bool any = false;
        for (int64_t p = 0; p < PIXELS; p++) {
            const int64_t pixel = seen[p][k];
            any |= pixel >= 0;
            rows[count * PIXELS + p] = pixel < 0 ? nothing : images[p] + pixel * layer.pixel_bytes;
        }
        positions[count] = k;
        count += any;
    }
    return count;
}

template <bool BYTES>
static void tile(const Layer &layer, const char *source, const int32_t *table, const char *weights,
                 const char *nothing, int32_t *result, int64_t first_block, int64_t first_column,
                 int64_t last_column, const char **rows, int64_t *positions) {
    const int64_t pixels = layer.windows * layer.images, each = layer.positions;
    const int64_t groups = (layer.channels * (BYTES ? 1 : 2) + 3) / 4;
    int64_t counts[TILE], here = 0;
    for (; here < TILE && (first_block + here) * PIXELS < pixels; here++)
        counts[here] = rows_of(layer, source, table, nothing, (first_block + here) * PIXELS,
                               rows + here * each * PIXELS, positions + here * each);
    for (int64_t column = first_column; column < last_column; column++) {
        const int64_t rest = layer.outputs - column * OUTPUTS;
        for (int64_t b = 0; b < here; b++) {
            int32_t sums[PIXELS][OUTPUTS];
            block<BYTES>(rows + b * each * PIXELS, positions + b * each, counts[b], groups,
                         layer.most, weights + column * each * groups * BLOCK, sums);
            for (int64_t p = 0; p < PIXELS; p++) {
                const int64_t pixel = (first_block + b) * PIXELS + p;
                if (pixel >= pixels) break;
                int64_t window, image;
                whereabouts(layer, pixel, window, image);
                int32_t *to = result + (image * layer.windows + window) * layer.outputs;
                to += column * OUTPUTS;
                if (rest >= OUTPUTS) std::memcpy(to, sums[p], sizeof(sums[p]));
                else std::memcpy(to, sums[p], rest * 4);
            }
        }
    }
}

template <bool BYTES>
static void product_of(const Layer &layer, const char *source, const int32_t *table,
                       const char *weights, const char *nothing, int32_t *result) {
    const int64_t blocks = (layer.windows * layer.images + PIXELS - 1) / PIXELS;
    const int64_t tiles = (blocks + TILE - 1) / TILE;
    const int64_t columns = (layer.outputs + OUTPUTS - 1) / OUTPUTS;
    // Few pixels are shared among threads by their outputs.
    const int64_t parts = tiles >= 4 * layer.threads ? 1 : columns;
#pragma omp parallel num_threads(layer.threads) if (layer.threads > 1)
    {
        const char **rows = new const char *[TILE * layer.positions * PIXELS];
        int64_t *positions = new int64_t[TILE * layer.positions];
#pragma omp for schedule(static)
        for (int64_t piece = 0; piece < tiles * parts; piece++) {
            const int64_t first = piece / parts * TILE, part = piece % parts;
            tile<BYTES>(layer, source, table, weights, nothing, result, first,
                        parts == 1 ? 0 : part, parts == 1 ? columns : part + 1, rows, positions);
        }
        delete[] rows;
        delete[] positions;
    }
}

extern "C" void product(const Layer *layer, const char *source, const int32_t *table,
                        const char *weights, const char *nothing, int32_t *result) {
    if (layer->are_bytes) product_of<true>(*layer, source, table, weights, nothing, result);
    else product_of<false>(*layer, source, table, weights, nothing, result);
}
"""

_PACK = r"""
// From (outputs, positions, channels), which lie some values apart, to blocks of outputs.
template <class T>
static void packed_from(const T *from, int64_t outputs, int64_t positions, int64_t channels,
                        int64_t output_apart, int64_t position_apart, int64_t channel_apart,
                        T *packed) {
    constexpr int64_t EACH = 4 / sizeof(T);
    const int64_t groups = (channels + EACH - 1) / EACH, full = channels / EACH;
    for (int64_t o = 0; o < outputs; o++)
        for (int64_t k = 0; k < positions; k++) {
            const T *row = from + o * output_apart + k * position_apart;
            T *to = packed + (o / OUTPUTS * positions + k) * groups * OUTPUTS * EACH;
            to += o % OUTPUTS * EACH;
            for (int64_t g = 0; g < full; g++)
                for (int64_t e = 0; e < EACH; e++)
                    to[g * OUTPUTS * EACH + e] = row[(g * EACH + e) * channel_apart];
            for (int64_t e = 0; full * EACH + e < channels; e++)
                to[full * OUTPUTS * EACH + e] = row[(full * EACH + e) * channel_apart];
        }
}

extern "C" void pack_bytes(const int8_t *from, const int64_t *form, int8_t *packed) {
    packed_from(from, form[0], form[1], form[2], form[3], form[4], form[5], packed);
}
extern "C" void pack_words(const int16_t *from, const int64_t *form, int16_t *packed) {
    packed_from(from, form[0], form[1], form[2], form[3], form[4], form[5], packed);
}
"""

_CHANNELWISE = r"""
template <class T>
static void weighed(const Layer &layer, const char *source, const int32_t *table,
                    const int32_t *weights, int32_t *result) {
#pragma omp parallel for num_threads(layer.threads) if (layer.threads > 1) schedule(static)
    for (int64_t pixel = 0; pixel < layer.windows * layer.images; pixel++) {
        const int32_t *seen = table + pixel % layer.windows * layer.positions;
        const char *image = image_at(layer, source, pixel / layer.windows);
        int32_t *__restrict to = result + pixel * layer.channels;
        for (int64_t c = 0; c < layer.channels; c++) to[c] = 0;
        for (int64_t k = 0; k < layer.positions; k++) {
            if (seen[k] < 0) continue;
            const T *__restrict x = (const T *)(image + seen[k] * layer.pixel_bytes);
            const int32_t *__restrict w = weights + k * layer.channels;
            for (int64_t c = 0; c < layer.channels; c++) to[c] += w[c] * int32_t(x[c]);
        }
    }
}

// Every channel by itself: weights (positions, channels) of 32 bits.
extern "C" void weigh_channels(const Layer *layer, const char *source, const int32_t *table,
                               const int32_t *weights, int32_t *result) {
    if (layer->are_bytes) weighed<uint8_t>(*layer, source, table, weights, result);
    else weighed<int16_t>(*layer, source, table, weights, result);
}

// The largest of every window of bytes.
extern "C" void pool(const Layer *layer, const char *source, const int32_t *table,
                     uint8_t *result) {
#pragma omp parallel for num_threads(layer->threads) if (layer->threads > 1) schedule(static)
    for (int64_t pixel = 0; pixel < layer->windows * layer->images; pixel++) {
        const int32_t *seen = table + pixel % layer->windows * layer->positions;
        const char *image = image_at(*layer, source, pixel / layer->windows);
        uint8_t *__restrict to = result + pixel * layer->channels;
        std::memset(to, 0, layer->channels);
        for (int64_t k = 0; k < layer->positions; k++) {
            if (seen[k] < 0) continue;
            const uint8_t *__restrict x = (const uint8_t *)(image + seen[k] * layer->pixel_bytes);
            for (int64_t c = 0; c < layer->channels; c++) to[c] = to[c] < x[c] ? x[c] : to[c];
        }
    }
}
"""

SOURCE = NUMBERS + VECTORS + _BLOCK + _PRODUCT + _PACK + _CHANNELWISE
