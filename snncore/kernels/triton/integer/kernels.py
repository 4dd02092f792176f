"""Products and pools of images whose channels lie last in memory, exact in 32 bits."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def window_sums(
    x,
    weights,
    out,
    rows,
    high,
    wide,
    out_high,
    out_wide,
    parts,
    channels: tl.constexpr,
    outputs: tl.constexpr,
    kh: tl.constexpr,
    kw: tl.constexpr,
    stride_y: tl.constexpr,
    stride_x: tl.constexpr,
    pad_y: tl.constexpr,
    pad_x: tl.constexpr,
    step_y: tl.constexpr,
    step_x: tl.constexpr,
    shift: tl.constexpr,
    bm: tl.constexpr,
    bn: tl.constexpr,
    first: tl.constexpr,
    bk: tl.constexpr,
):
    """Multiply windows of images of bytes by weights; later pairs of bytes are added to the sums.

    A program has `bm` windows of all images and `bn` outputs. Weights are (outputs, parts * bk), by
    position and channel, with zeros behind.
    """
    across = tl.cdiv(outputs, bn)
    row = tl.program_id(0) // across * bm + tl.arange(0, bm)
    column = tl.program_id(0) % across * bn + tl.arange(0, bn)
    left = row % out_wide * stride_x - pad_x
    top = row // out_wide % out_high * stride_y - pad_y
    image = row // out_wide // out_high * high
    lane = tl.arange(0, bk)
    to_weights = weights + column[None, :] * (parts * bk) + lane[:, None]
    total = tl.zeros([bm, bn], tl.int32)
    for part in range(parts):
        if channels % bk == 0:
            position = part // (channels // bk)
            y, z = top + position // kw * step_y, left + position % kw * step_x
            inside = (row < rows) & (y >= 0) & (y < high) & (z >= 0) & (z < wide)
            pixel = ((image + y) * wide + z) * channels + part % (channels // bk) * bk
            a = tl.load(x + pixel[:, None] + lane[None, :], mask=inside[:, None], other=0)
        else:
            each = part * bk + lane
            y = top[:, None] + (each // channels // kw * step_y)[None, :]
            z = left[:, None] + (each // channels % kw * step_x)[None, :]
            inside = (row < rows)[:, None] & (each < kh * kw * channels)[None, :]
            inside = inside & (y >= 0) & (y < high) & (z >= 0) & (z < wide)
            pixel = ((image[:, None] + y) * wide + z) * channels + (each % channels)[None, :]
            a = tl.load(x + pixel, mask=inside, other=0)
        b = tl.load(to_weights + part * bk, mask=(column < outputs)[None, :], other=0)
        total = tl.dot(a, b, total, out_dtype=tl.int32)
    written = (row < rows)[:, None] & (column < outputs)[None, :]
    at = out + row.to(tl.int64)[:, None] * outputs + column[None, :]
    if not first:
        total = tl.load(at, mask=written, other=0) + (total << shift)
    tl.store(at, total, mask=written)


@triton.jit
def channel_sums(
    x,
    weights,
    out,
    size,
    high,
    wide,
    out_high,
    out_wide,
    channels: tl.constexpr,
    kh: tl.constexpr,
    kw: tl.constexpr,
    stride_y: tl.constexpr,
    stride_x: tl.constexpr,
    pad_y: tl.constexpr,
    pad_x: tl.constexpr,
    step_y: tl.constexpr,
    step_x: tl.constexpr,
    largest: tl.constexpr,
    block: tl.constexpr,
):
    """Multiply windows by each channel's (positions, channels), or take their largest value."""
    at = tl.program_id(0) * block + tl.arange(0, block)
    channel = at % channels
    left = at // channels % out_wide * stride_x - pad_x
    top = at // channels // out_wide % out_high * stride_y - pad_y
    image = at // channels // out_wide // out_high * high
    lowest = -(2**31) if largest else 0
    total = tl.full([block], lowest, tl.int32)
    for position in tl.static_range(kh * kw):
        y, z = top + position // kw * step_y, left + position % kw * step_x
        inside = (at < size) & (y >= 0) & (y < high) & (z >= 0) & (z < wide)
        value = tl.load(x + ((image + y) * wide + z) * channels + channel, mask=inside, other=0)
        if largest:
            total = tl.where(inside, tl.maximum(total, value.to(tl.int32)), total)
        else:
            weight = tl.load(weights + position * channels + channel)
            total += value.to(tl.int32) * weight
    tl.store(out + at, total.to(out.dtype.element_ty), mask=at < size)
