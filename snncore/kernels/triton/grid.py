"""Rounding to the grid of a chip while a network trains: kernels with one program for each row.

A row is an output's weights, or an image's channel. `form` says which optional arguments there are.
"""

from __future__ import annotations

import triton
import triton.language as tl

# The optional arguments of a fold.
NORM, GAIN, SHIFT, BIAS, CHANNELS, LEARNED, LIMITED, BATCH = (1 << k for k in range(8))
_NORM, _GAIN, _SHIFT = tl.constexpr(NORM), tl.constexpr(GAIN), tl.constexpr(SHIFT)
_BIAS, _CHANNELS, _LEARNED = tl.constexpr(BIAS), tl.constexpr(CHANNELS), tl.constexpr(LEARNED)
_LIMITED, _OFFSET = tl.constexpr(LIMITED), tl.constexpr(NORM | BIAS)
_BATCH = tl.constexpr(BATCH)
# Added and taken away, it rounds a smaller float to the nearest integer, to an even one if two are.
_MAGIC = tl.constexpr(1.5 * 2.0**23)
_HALVES = tl.constexpr(2.0**23)
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
def snap(x, result, count, per, unit, form: tl.constexpr, block: tl.constexpr):
    """Write the nearest multiples of a unit."""
    at = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    inside = at < count
    units = tl.load(x + at, mask=inside, other=0.0) * per
    size = tl.abs(units)
    # From 2**23 on a float has no half.
    whole = tl.where(size < _HALVES, (size + _HALVES) - _HALVES, size)
    tl.store(result + at, tl.where(units < 0.0, -whole, whole) * unit, mask=inside)


@triton.jit
def _scale(variance, gain, row, eps, form: tl.constexpr):
    """Return a channel's inverse deviation, and what its weights are multiplied by."""
    deviation = tl.sqrt_rn(variance + eps)
    above = tl.load(gain + row) if _GAIN & form else deviation * 0.0 + 1.0
    return deviation, tl.div_rn(above, deviation)


@triton.jit
def _moments(
    parts, mean_out, running, running_square, images, size, momentum, unbiased, block: tl.constexpr
):
    """Return a channel's mean and variance in a batch; write them, and move the running ones."""
    channel, channels = tl.program_id(0), tl.num_programs(0)
    means, squares = parts + channel * images, parts + (channels + channel) * images
    total = tl.zeros([block], tl.float32)
    for begin in range(0, images, block):
        at = begin + tl.arange(0, block)
        total += tl.load(means + at, mask=at < images, other=0.0)
    mean = tl.sum(total, 0) / images
    total = tl.zeros([block], tl.float32)
    for begin in range(0, images, block):
        at = begin + tl.arange(0, block)
        inside = at < images
        apart = tl.where(inside, tl.load(means + at, mask=inside, other=0.0) - mean, 0.0)
        total += apart * apart * size
        total += tl.load(squares + at, mask=inside, other=0.0)
    variance = tl.sum(total, 0) / images / size
    tl.store(mean_out + channel, mean)
    tl.store(mean_out + channels + channel, variance)
    before = tl.load(running + channel)
    tl.store(running + channel, before + momentum * (mean - before))
    before = tl.load(running_square + channel)
    tl.store(running_square + channel, before + momentum * (variance * unbiased - before))
    return mean, variance


@triton.jit
def _offset(mean, shift, bias, row, scale, form: tl.constexpr):
    """Return a channel's bias, with the norm's in it."""
    if _NORM & form:
        moved = 0.0 - mean * scale
        if _SHIFT & form:
            moved = tl.load(shift + row) - mean * scale
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
    parts,
    running_mean,
    running_square,
    batches,
    length,
    eps,
    low,
    high,
    step,
    least_bias,
    most_bias,
    limit,
    images,
    pixels,
    momentum,
    unbiased,
    form: tl.constexpr,
    block: tl.constexpr,
):
    """Round a row of weights to the grid, times the norm's scale, and the bias with the norm's.

    `low` and `high` are in steps, and so is the `limit` of a row's sums of one sign. With `BATCH`
    the norm's mean and variance are those of the batch, written to `mean`, one after the other.
    """
    row = tl.program_id(0)
    start = row.to(tl.int64) * length
    size = tl.load(unit + (row if _CHANNELS & form else 0)).to(tl.float32)
    scale, level = 1.0, 0.0
    if _NORM & form:
        if _BATCH & form:
            level, spread = _moments(
                parts, mean, running_mean, running_square, images, pixels, momentum, unbiased, block
            )
            tl.store(batches, tl.load(batches) + 1, mask=row == 0)
        else:
            level, spread = tl.load(mean + row), tl.load(variance + row)
        _, scale = _scale(spread, gain, row, eps, form)
    if _OFFSET & form:
        units = _offset(level, shift, bias, row, scale, form).to(tl.float64) / size.to(tl.float64)
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
    start,
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
        value = tl.load(weight + start + at, mask=valid, other=0.0)
        arrived = tl.load(grad_rounded + start + at, mask=valid, other=0.0)
        units = value * scale * per
        inside = (units >= least) & (units <= most)
        passed = tl.where(inside, arrived, 0.0)
        tl.store(grad_weight + start + at, passed * scale, mask=valid)
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
    scale, deviation, level = 1.0, 1.0, 0.0
    if _NORM & form:
        if _BATCH & form:
            # One after the other.
            variance, grad_variance = mean + tl.num_programs(0), grad_mean + tl.num_programs(0)
        level = tl.load(mean + row)
        deviation, scale = _scale(tl.load(variance + row), gain, row, eps, form)
    start = row.to(tl.int64) * length
    per = 1.0 / size
    total, to_unit = _weights_back(
        weight, grad_rounded, grad_weight, start, length, scale, per, least, most, step, form, block
    )
    if _LEARNED & form:
        tl.store(grad_log2 + row, to_unit * size * _LOG_2)
    moved = 0.0
    if _OFFSET & form:
        units = _offset(level, shift, bias, row, scale, form).to(tl.float64) / size.to(tl.float64)
        flowing = tl.load(grad_offset + row) / size.to(tl.float64)
        inside = (units >= least_bias) & (units <= most_bias)
        moved = tl.where(inside, flowing, 0.0).to(tl.float32)
        if _BIAS & form:
            tl.store(grad_bias + row, moved * scale)
    if _NORM & form:
        total -= moved * level
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
def image_sums(y, parts, channels, images, size, form: tl.constexpr, block: tl.constexpr):
    """Write the mean of one channel of one image, and the sum of squares about it."""
    image, channel = tl.program_id(0) // channels, tl.program_id(0) % channels
    lane = tl.arange(0, block)
    inside = lane < size
    value = tl.load(y + tl.program_id(0).to(tl.int64) * size + lane, mask=inside, other=0.0)
    mean = tl.sum(value, 0) / size
    apart = tl.where(inside, value - mean, 0.0)
    tl.store(parts + channel * images + image, mean)
    tl.store(parts + (channels + channel) * images + image, tl.sum(apart * apart, 0))


@triton.jit
def sums_back(
    y, mean, grads, grad_y, channels, size, per_value, form: tl.constexpr, block: tl.constexpr
):
    """Write the gradient of the values of one channel of one image.

    `grads` has those of the channels' means, and then those of their variances.
    """
    channel = tl.program_id(0) % channels
    at = tl.program_id(0).to(tl.int64) * size + tl.arange(0, block)
    inside = tl.arange(0, block) < size
    slope = tl.load(grads + channels + channel) * (2.0 * per_value)
    level = tl.load(grads + channel) * per_value
    value = tl.load(y + at, mask=inside, other=0.0)
    result = level + slope * (value - tl.load(mean + channel))
    tl.store(grad_y + at, result, mask=inside)
