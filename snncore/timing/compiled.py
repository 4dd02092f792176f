"""First spikes of membranes with tau_mem = 2 tau_syn in C++, where torch needs many passes."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from snncore.kernels.cpp.build import CompilerError, load
from snncore.timing.kernels import Kernel, Leaky

_SUFFIX = {torch.float32: "float", torch.float64: "double"}
# With x = exp(-s / tau_mem), the voltage a while s after an input is both x - current x x.
SOURCE = r"""
#include <cmath>
#include <cstdint>
#include <vector>

template <typename F>
static void crossings(int64_t samples, int64_t inputs, int64_t outputs, double tau, double level,
                      const F *ordered, const int64_t *order, const F *weight, F *first) {
    const F threshold = level;
    std::vector<F> both(outputs), current(outputs);
    std::vector<int32_t> open(outputs), hit(outputs);
    for (int64_t n = 0; n < samples; n++, first += outputs) {
        const F *times = ordered + n * inputs;
        for (int64_t o = 0; o < outputs; o++) {
            both[o] = current[o] = 0, open[o] = 1, first[o] = INFINITY;
        }
        for (int64_t k = 0; k < inputs && std::isfinite(times[k]); k++) {
            const F fade = k ? std::exp((times[k - 1] - times[k]) / F(tau)) : F(1);
            const F length = k + 1 < inputs ? times[k + 1] - times[k] : F(INFINITY);
            const F end = 2 * std::exp(-length / F(tau));
            const F *w = weight + order[n * inputs + k] * outputs;
            int32_t any = 0;
            for (int64_t o = 0; o < outputs; o++) {
                const F b = both[o] * fade + w[o], c = current[o] * (fade * fade) + w[o];
                both[o] = b, current[o] = c;
                const F square = b * b - 4 * threshold * c;
                const F root = b + std::sqrt(square > 0 ? square : F(0));
                const int32_t within = (square >= 0) & (b > 0) & (2 * c > b) & (root >= end * c);
                hit[o] = open[o] & (within | (b - c >= threshold));
                any |= hit[o];
            }
            for (int64_t o = 0; any && o < outputs; o++) {
                if (!hit[o]) continue;
                open[o] = 0;
                const F b = both[o], c = current[o], square = b * b - 4 * threshold * c;
                const F x = b - c >= threshold ? F(1) : (b + std::sqrt(square)) / (2 * c);
                const F s = x < 1 ? -F(tau) * std::log(x) : F(0);
                first[o] = times[k] + (s < length ? s : length);
            }
        }
    }
}

template <typename F>
static void gradients(int64_t samples, int64_t inputs, int64_t outputs, double tau,
                      const F *times, const F *weight, const F *first, const F *incoming,
                      F *to_times, F *to_weight) {
    std::vector<F> shares(inputs * outputs), steep(outputs);
    for (int64_t n = 0; n < samples; n++) {
        const F *t = times + n * inputs, *until = first + n * outputs;
        for (F &each : steep) each = 0;
        for (int64_t i = 0; i < inputs; i++) {
            const F *w = weight + i * outputs;
            F *share = shares.data() + i * outputs;
            for (int64_t o = 0; o < outputs; o++) {
                // What arrives with the spike or later has no part in it.
                const bool cause = std::isfinite(until[o]) && t[i] < until[o];
                share[o] = cause ? std::exp((t[i] - until[o]) / F(tau)) : F(0);
                steep[o] += w[o] * (2 * share[o] * share[o] - share[o]) / F(tau);
            }
        }
        for (int64_t o = 0; o < outputs; o++) {
            // A spike that only grazes the threshold has no gradient.
            steep[o] = steep[o] > 0 ? incoming[n * outputs + o] / steep[o] : F(0);
        }
        for (int64_t i = 0; i < inputs; i++) {
            const F *w = weight + i * outputs, *share = shares.data() + i * outputs;
            F *row = to_weight + i * outputs, sum = 0;
            for (int64_t o = 0; o < outputs; o++) {
                row[o] -= steep[o] * (share[o] - share[o] * share[o]);
                sum += steep[o] * w[o] * (2 * share[o] * share[o] - share[o]) / F(tau);
            }
            to_times[n * inputs + i] = sum;
        }
    }
}

#define EXPORT(F)                                                                              \
    extern "C" void crossings_##F(int64_t n, int64_t i, int64_t o, double tau, double level,   \
                                  const F *t, const int64_t *order, const F *w, F *first) {    \
        crossings<F>(n, i, o, tau, level, t, order, w, first);                                 \
    }                                                                                          \
    extern "C" void gradients_##F(int64_t n, int64_t i, int64_t o, double tau, const F *t,     \
                                  const F *w, const F *first, const F *incoming, F *to_times,  \
                                  F *to_weight) {                                              \
        gradients<F>(n, i, o, tau, t, w, first, incoming, to_times, to_weight);                \
    }
EXPORT(float)
EXPORT(double)
"""


@lru_cache(1)
def _library() -> Any | None:
    """Return the compiled library, or None if this machine cannot compile it."""
    try:
        compiled = load(SOURCE)
    except CompilerError:
        return None
    sizes = (ctypes.c_int64,) * 3
    for suffix in _SUFFIX.values():
        crossings = getattr(compiled, f"crossings_{suffix}")
        crossings.argtypes = (*sizes, *(ctypes.c_double,) * 2, *(ctypes.c_void_p,) * 4)
        gradients = getattr(compiled, f"gradients_{suffix}")
        gradients.argtypes = (*sizes, ctypes.c_double, *(ctypes.c_void_p,) * 6)
        crossings.restype = gradients.restype = None
    return compiled


def takes(times: Tensor, kernel: Kernel) -> bool:
    """Return whether the compiled functions compute these times."""
    double = isinstance(kernel, Leaky) and kernel.tau_mem == 2 * kernel.tau_syn
    plain = times.device.type == "cpu" and not torch.compiler.is_compiling()
    return double and plain and _library() is not None


def crossing_times(times: Tensor, weight: Tensor, tau_mem: float, threshold: float) -> Tensor:
    """Return when each neuron's voltage first reaches the threshold (N, O)."""
    ordered, order = times.detach().sort(-1)
    by_input = weight.detach().t().contiguous()
    first = times.new_empty((len(times), len(weight)))
    function = getattr(_library(), f"crossings_{_SUFFIX[times.dtype]}")
    sizes = len(times), times.shape[1], len(weight)
    pointers = (each.data_ptr() for each in (ordered, order, by_input, first))
    function(*sizes, tau_mem, threshold, *pointers)
    return first


def gradients(
    times: Tensor, weight: Tensor, first: Tensor, incoming: Tensor, tau_mem: float
) -> tuple[Tensor, Tensor]:
    """Return the gradients of times (N, I) and weights (O, I), given those of the spikes (N, O)."""
    read = [each.detach().contiguous() for each in (times, weight.t(), first, incoming)]
    to_times, to_weight = torch.empty_like(read[0]), torch.zeros_like(read[1])
    function = getattr(_library(), f"gradients_{_SUFFIX[times.dtype]}")
    sizes = len(times), times.shape[1], len(weight)
    function(*sizes, tau_mem, *(each.data_ptr() for each in (*read, to_times, to_weight)))
    return to_times, to_weight.t()
