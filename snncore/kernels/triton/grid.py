"""Rounding to the grid of a chip while a network trains: kernels with one program for each row.

A row is an output's weights, or an image's channel. `form` says which optional arguments there are.
"""

from __future__ import annotations

import triton
import triton.language as tl

# The optional arguments of a fold.
NORM, GAIN, SHIFT, BIAS, CHANNELS, LEARNED, LIMITED = (1 << k for k in range(7))
_NORM, _GAIN, _SHIFT = tl.constexpr(NORM), tl.constexpr(GAIN), tl.constexpr(SHIFT)
_BIAS, _CHANNELS, _LEARNED = tl.constexpr(BIAS), tl.constexpr(CHANNELS), tl.constexpr(LEARNED)
_LIMITED, _OFFSET = tl.constexpr(LIMITED), tl.constexpr(NORM | BIAS)
# Added and taken away, it rounds a smaller float to the nearest integer, to an even one if two are.
_MAGIC = tl.constexpr(1.5 * 2.0**23)
_WIDE_MAGIC = tl.constexpr(1.5 * 2.0**52)
_LOG_2 = tl.constexpr(0.6931471805599453)


@triton.jit
def note(x, flag, count, most, parts: tl.constexpr, block: tl.constexpr):
    """Write 1 if a value is NaN or larger than `most`."""
    first = tl.program_id(0).to(tl.int64) * block * parts
    worst = tl.zeros([block], tl.int32)
    for part in range(parts):
        at = first + part * block + tl.arange(0, block)
        value = tl.load(x + at, mask=at < count, other=0.0)
        worst = worst | tl.where(tl.abs(value) <= most, 0, 1)
    tl.store(flag, 1, mask=tl.max(worst, 0) > 0)


@triton.jit
def _scale(mean, variance, gain, row, eps, form: tl.constexpr):
    """Return a channel's inverse deviation, and what its weights are multiplied by."""
    deviation = tl.sqrt_rn(tl.load(variance + row) + eps)
    above = tl.load(gain + row) if _GAIN & form else deviation * 0.0 + 1.0
    return deviation, tl.div_rn(above, deviation)


@triton.jit
def _offset(mean, shift, bias, row, scale, form: tl.constexpr):
    """Return a channel's bias, with the norm's in it."""
    if _NORM & form:
        moved = 0.0 - tl.load(mean + row) * scale
        if _SHIFT & form:
            moved = tl.load(shift + row) - tl.load(mean + row) * scale
        if _BIAS & form:
            moved = moved + tl.load(bias + row) * scale
    else:
        moved = tl.load(bias + row)
    return moved


@triton.jit
def _put_offset(offset, units, flag, low, high):
    """Write a bias as an integer, and 1 if it is NaN or infinite."""
    tl.store(flag, 1, mask=(tl.abs(units) < float("inf")) == 0)
    units = tl.where(units < low, low, tl.where(units > high, high, units))
    tl.store(offset, (units + _WIDE_MAGIC) - _WIDE_MAGIC)


@triton.jit
def _shrinking(weight, start, length, scale, per, low, high, limit, block: tl.constexpr):
    """Return the factor with which a row's sums of either sign stay within the limit."""
    above = tl.zeros([block], tl.float64)
    below = tl.zeros([block], tl.float64)
    for begin in range(0, length, block):
        at = begin + tl.arange(0, block)
        steps = tl.load(weight + start + at, mask=at < length, other=0.0) * scale * per
        steps = tl.where(steps < low, low, tl.where(steps > high, high, steps))
        steps = ((steps + _MAGIC) - _MAGIC).to(tl.float64)
        above += tl.where(steps > 0.0, steps, 0.0)
        below += tl.where(steps < 0.0, -steps, 0.0)
    total = tl.maximum(tl.sum(above, 0), tl.sum(below, 0))
    return limit / tl.maximum(total, 1.0)


@triton.jit
def fold(
    weight,
    rounded,
    unit,
    mean,
    variance,
    gain,
    shift,
    bias,
    offset,
    flag,
    length,
    eps,
    low,
    high,
    step,
    least_bias,
    most_bias,
    limit,
    form: tl.constexpr,
    block: tl.constexpr,
):
    """Round a row of weights to the grid, times the norm's scale, and the bias with the norm's.

    `low` and `high` are in steps, and so is the `limit` of a row's sums of one sign.
    """
    row = tl.program_id(0)
    start = row.to(tl.int64) * length
    size = tl.load(unit + (row if _CHANNELS & form else 0)).to(tl.float32)
    scale = 1.0
    if _NORM & form:
        _, scale = _scale(mean, variance, gain, row, eps, form)
    if _OFFSET & form:
        units = _offset(mean, shift, bias, row, scale, form).to(tl.float64) / size.to(tl.float64)
        _put_offset(offset + row, units, flag, least_bias, most_bias)
    per = 1.0 / (size * step)
    factor = 1.0
    if _LIMITED & form:
        factor = _shrinking(weight, start, length, scale, per, low, high, limit, block)
    worst = tl.zeros([block], tl.int32)
    for begin in range(0, length, block):
        at = begin + tl.arange(0, block)
        inside = at < length
        value = tl.load(weight + start + at, mask=inside, other=0.0) * scale
        worst = worst | tl.where(tl.abs(value) < float("inf"), 0, 1)
        steps = value * per
        steps = tl.where(steps < low, low, tl.where(steps > high, high, steps))
        steps = (steps + _MAGIC) - _MAGIC
        if _LIMITED & form:
            shrunk = steps.to(tl.float64) * factor
            shrunk = tl.where(shrunk < 0.0, -tl.floor(-shrunk), tl.floor(shrunk)).to(tl.float32)
            steps = tl.where(factor < 1.0, shrunk, steps)
        tl.store(rounded + start + at, steps * (size * step), mask=inside)
    tl.store(flag, 1, mask=tl.max(worst, 0) > 0)


@triton.jit
def _weights_back(
    weight,
    grad_rounded,
    grad_weight,
    length,
    scale,
    per,
    least,
    most,
    step,
    form: tl.constexpr,
    block: tl.constexpr,
):
    """Write the gradients of a row's weights; return those of its scale and of its unit."""
    to_scale = tl.zeros([block], tl.float32)
    low, high = tl.ceil(to_scale + least / step), tl.floor(to_scale + most / step)
    to_unit = tl.zeros([block], tl.float32)
    for begin in range(0, length, block):
        at = begin + tl.arange(0, block)
        valid = at < length
        value = tl.load(weight + at, mask=valid, other=0.0)
        arrived = tl.load(grad_rounded + at, mask=valid, other=0.0)
        units = value * scale * per
        inside = (units >= least) & (units <= most)
        passed = tl.where(inside, arrived, 0.0)
        tl.store(grad_weight + at, passed * scale, mask=valid)
        to_scale += passed * value
        if _LEARNED & form:
            steps = units / step
            steps = tl.where(steps < low, low, tl.where(steps > high, high, steps))
            whole = ((steps + _MAGIC) - _MAGIC) * step
            to_unit += arrived * tl.where(inside, whole - units, whole)
    return tl.sum(to_scale, 0), tl.sum(to_unit, 0)


@triton.jit
def fold_back(
    weight,
    unit,
    mean,
    variance,
    gain,
    shift,
    bias,
    grad_rounded,
    grad_offset,
    grad_weight,
    grad_mean,
    grad_variance,
    grad_gain,
    grad_shift,
    grad_bias,
    grad_log2,
    length,
    eps,
    least,
    most,
    step,
    least_bias,
    most_bias,
    form: tl.constexpr,
    block: tl.constexpr,
):
    """Pass the gradients of a row back: straight through, except where rounding clips."""
    row = tl.program_id(0)
    size = tl.load(unit + (row if _CHANNELS & form else 0)).to(tl.float32)
    scale, deviation = 1.0, 1.0
    if _NORM & form:
        deviation, scale = _scale(mean, variance, gain, row, eps, form)
    start = row.to(tl.int64) * length
    total, to_unit = _weights_back(
        weight + start,
        grad_rounded + start,
        grad_weight + start,
        length,
        scale,
        1.0 / size,
        least,
        most,
        step,
        form,
        block,
    )
    if _LEARNED & form:
        tl.store(grad_log2 + row, to_unit * size * _LOG_2)
    moved = 0.0
    if _OFFSET & form:
        units = _offset(mean, shift, bias, row, scale, form).to(tl.float64) / size.to(tl.float64)
        flowing = tl.load(grad_offset + row) / size.to(tl.float64)
        inside = (units >= least_bias) & (units <= most_bias)
        moved = tl.where(inside, flowing, 0.0).to(tl.float32)
        if _BIAS & form:
            tl.store(grad_bias + row, moved * scale)
    if _NORM & form:
        total -= moved * tl.load(mean + row)
        if _BIAS & form:
            total += moved * tl.load(bias + row)
        tl.store(grad_mean + row, -moved * scale)
        tl.store(grad_variance + row, -0.5 * total * scale / (deviation * deviation))
        if _SHIFT & form:
            tl.store(grad_shift + row, moved)
        if _GAIN & form:
            tl.store(grad_gain + row, total / deviation)


@triton.jit
def register(
    value, integer, unit, flag, count, above, low, high, form: tl.constexpr, block: tl.constexpr
):
    """Write the integers of a neuron's parameter, one for all neurons or one per channel."""
    lane = tl.arange(0, block)
    inside = lane < count
    size = tl.load(unit + lane * (1 if form else 0), mask=inside, other=1.0).to(tl.float64)
    units = tl.load(value + lane, mask=inside, other=0.0).to(tl.float64) / size + above
    tl.store(flag, 1, mask=tl.max(tl.where(tl.abs(units) < float("inf"), 0, 1), 0) > 0)
    units = tl.where(units < low, low, tl.where(units > high, high, units))
    tl.store(integer + lane, (units + _WIDE_MAGIC) - _WIDE_MAGIC, mask=inside)


@triton.jit
def register_back(
    value, unit, arrived, grad, count, above, low, high, form: tl.constexpr, block: tl.constexpr
):
    """Write the gradient of a neuron's parameter: straight through, except where it clips."""
    lane = tl.arange(0, block)
    valid = lane < count
    size = tl.load(unit + lane * (1 if form else 0), mask=valid, other=1.0).to(tl.float64)
    units = tl.load(value + lane, mask=valid, other=0.0).to(tl.float64) / size + above
    passed = tl.load(arrived + lane, mask=valid, other=0.0) / size
    tl.store(grad + lane, tl.where((units >= low) & (units <= high), passed, 0.0), mask=valid)


@triton.jit
def image_sums(y, means, squares, channels, images, size, form: tl.constexpr, block: tl.constexpr):
    """Write the mean of one channel of one image, and the sum of squares about it."""
    image, channel = tl.program_id(0) // channels, tl.program_id(0) % channels
    lane = tl.arange(0, block)
    inside = lane < size
    value = tl.load(y + tl.program_id(0).to(tl.int64) * size + lane, mask=inside, other=0.0)
    mean = tl.sum(value, 0) / size
    apart = tl.where(inside, value - mean, 0.0)
    tl.store(means + channel * images + image, mean)
    tl.store(squares + channel * images + image, tl.sum(apart * apart, 0))


@triton.jit
def channel_sums(
    means,
    squares,
    mean_out,
    variance_out,
    running_mean,
    running_variance,
    batches,
    images,
    size,
    momentum,
    unbiased,
    form: tl.constexpr,
    block: tl.constexpr,
):
    """Write a channel's mean and variance, and move the running ones."""
    channel = tl.program_id(0)
    total = tl.zeros([block], tl.float32)
    for begin in range(0, images, block):
        at = begin + tl.arange(0, block)
        total += tl.load(means + channel * images + at, mask=at < images, other=0.0)
    mean = tl.sum(total, 0) / images
    total = tl.zeros([block], tl.float32)
    for begin in range(0, images, block):
        at = begin + tl.arange(0, block)
        inside = at < images
        apart = tl.load(means + channel * images + at, mask=inside, other=0.0) - mean
        apart = tl.where(inside, apart, 0.0)
        total += apart * apart * size
        total += tl.load(squares + channel * images + at, mask=inside, other=0.0)
    variance = tl.sum(total, 0) / images / size
    tl.store(mean_out + channel, mean)
    tl.store(variance_out + channel, variance)
    before = tl.load(running_mean + channel)
    tl.store(running_mean + channel, before + momentum * (mean - before))
    before = tl.load(running_variance + channel)
    tl.store(running_variance + channel, before + momentum * (variance * unbiased - before))
    if channel == 0:
        tl.store(batches, tl.load(batches) + 1)


@triton.jit
def sums_back(
    y,
    mean,
    grad_mean,
    grad_variance,
    grad_y,
    channels,
    size,
    per_value,
    form: tl.constexpr,
    block: tl.constexpr,
):
    """Write the gradient of the values of one channel of one image."""
    channel = tl.program_id(0) % channels
    at = tl.program_id(0).to(tl.int64) * size + tl.arange(0, block)
    inside = tl.arange(0, block) < size
    slope = tl.load(grad_variance + channel) * (2.0 * per_value)
    level = tl.load(grad_mean + channel) * per_value
    value = tl.load(y + at, mask=inside, other=0.0)
    result = level + slope * (value - tl.load(mean + channel))
    tl.store(grad_y + at, result, mask=inside)
