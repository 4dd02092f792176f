"""Samples in the form that a program computes with: whole numbers (T, N, ...) of its input's shape.

Samples enter in the user's own units, and the program's input encoder makes integers of them, once;
behind it, engines and simulators take integers. Whatever their type, values of a program with an
encoder are in the user's units.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.structure import require
from neurodeploy.errors import SamplesError, SamplesWarning
from neurodeploy.program import Input, Neuron, Program, Signal
from snncore.dynamics.arithmetic.interval import Interval

# The remedy for a value that is not a number.
FINITE = "give finite numbers, as the network was trained on"


def checked_samples(program: Program, samples: Any) -> NDArray[np.int64]:
    """Return a user's samples as the program's integers, rounded by its encoder if it has one.

    Raises:
        SamplesError: if the shape, the type or a value does not fit the program's input.
        ValidationError: if the program does not have one input and neurons at its end.
    """
    array, encoding = _shaped(program, samples), program.input.encoding
    if encoding is None:
        return _whole_numbers(program, array)
    _require_numbers(program.input.name, array)
    return encoding.encoded(array)


def checked_integers(program: Program, samples: Any) -> NDArray[np.int64]:
    """Return samples that are the program's integers already, as int64.

    Raises:
        SamplesError: if the shape, the type or a value does not fit the program's input.
        ValidationError: if the program does not have one input and neurons at its end.
    """
    return _require_encoded(program, _whole_numbers(program, _shaped(program, samples)))


def _require_encoded(program: Program, integers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return integers that the program's encoder, if it has one, can make.

    Raises:
        SamplesError: if one is beyond its range.
    """
    encoding = program.input.encoding
    low, high = integers.min(), integers.max()
    if encoding is not None and not encoding.low <= low <= high <= encoding.high:
        words = f"integers go from {low} to {high}, beyond its encoder's {encoding}"
        raise SamplesError(f"{program.input.name}: {words}", remedy="encode the samples first")
    return integers


def range_of_tensor(program: Program, samples: Any) -> Interval:
    """Return the range of samples that are the program's integers already, in a tensor of torch.

    Only three numbers leave their device.

    Raises:
        SamplesError: if the shape or a value does not fit the program's input.
        ValidationError: if the program does not have one input and neurons at its end.
    """
    _check_ends(program)
    _require_shape(program, tuple(samples.shape))
    ends = [float(each) for each in samples.aminmax()]
    if samples.is_floating_point() and not bool((samples.round() == samples).all()):
        # A fraction stands for those that are there.
        ends.append(0.5)
    seen = _require_encoded(program, _whole_numbers(program, np.array(ends)))
    return Interval(int(seen.min()), int(seen.max()))


def training_samples(program: Program, samples: Any) -> NDArray[Any]:
    """Return samples as the program's network takes them, which brings its own encoder.

    Raises:
        SamplesError: if the shape, the type or a value does not fit the program's input.
    """
    if program.input.encoding is None:
        return checked_samples(program, samples)
    return _shaped(program, samples).astype(np.float32)


def users_samples(program: Program, integers: NDArray[np.int64]) -> NDArray[Any]:
    """Return samples in the user's units that are these integers of the program."""
    encoding = program.input.encoding
    return integers if encoding is None else encoding.decoded(integers)


def _shaped(program: Program, samples: Any) -> NDArray[Any]:
    _check_ends(program)
    array = _array(program.input.name, samples)
    _require_shape(program, array.shape)
    return array


def _require_shape(program: Program, sizes: tuple[int, ...]) -> None:
    """Check the shape of samples.

    Raises:
        SamplesError: if it is not (T, N, ...) of the program's input, or empty.
    """
    name, shape = program.input.name, program.input.shape
    expected = "(T, N, " + ", ".join(map(str, shape)) + ")"
    if len(sizes) < 3 or sizes[2:] != shape:
        remedy = f"time first, then the batch, then {shape}"
        raise SamplesError(f"{name}: samples are {sizes}, not {expected}", remedy=remedy)
    if 0 in sizes:
        raise SamplesError(
            f"{name}: samples are empty: {sizes}", remedy="give one step and one sample at least"
        )


def warn_of_values(program: Program, example: Any) -> None:
    """Warn if no program takes the values of an example, which gives a network its shape."""
    name = program.input.name
    try:
        array = _array(name, example)
    except SamplesError:
        # A tensor without memory has only a shape.
        return
    if array.size == 0 or program.input.encoding is not None:
        return
    try:
        _whole_numbers(program, array)
    except SamplesError as error:
        words = (
            f"only the example's shape was used: {error.message}, and verify and run refuse them"
        )
        remedy = error.remedy or "give samples like those that the network runs on"
        warnings.warn(f"{words} ({remedy})", SamplesWarning, stacklevel=3)


def _whole_numbers(program: Program, array: NDArray[Any]) -> NDArray[np.int64]:
    """Return the values in the form that the input accepts.

    Raises:
        SamplesError: if one is not a whole number, or does not fit that kind of input.
    """
    name = program.input.name
    _require_numbers(name, array)
    rounded = np.rint(array) if array.dtype.kind == "f" else array
    if not (rounded == array).all():
        remedy = (
            "give quant.prepare such samples as the example, so that the network gets an encoder, "
            "or encode them as spikes first, with snncore.encoding.rate, level or another"
        )
        raise SamplesError(f"{name}: samples are not whole numbers", remedy=remedy)
    low, high = rounded.min().item(), rounded.max().item()
    if program.input.signal == Signal.SPIKES and not ((rounded == 0) | (rounded == 1)).all():
        raise SamplesError(
            f"{name}: spikes are 0 or 1, but these go from {low:g} to {high:g}",
            remedy="encode the samples as spikes first, with snncore.encoding.rate or another",
        )
    if max(abs(low), abs(high)) >= 1 << 24:
        raise SamplesError(
            f"{name}: currents have 24 bits, but these go from {low:g} to {high:g}",
            remedy="give smaller numbers, and weights that are larger by as much",
        )
    return rounded.astype(np.int64)


def _require_numbers(name: str, array: NDArray[Any]) -> None:
    """Check that samples are finite numbers.

    Raises:
        SamplesError: if one is not.
    """
    if array.dtype.kind not in "biuf":
        raise SamplesError(
            f"{name}: samples are {array.dtype}, not numbers", remedy="give whole numbers or floats"
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise SamplesError(f"{name}: a sample is NaN or infinite", remedy=FINITE)


def _check_ends(program: Program) -> None:
    inputs = len(program.of_kind(Input))
    require(inputs == 1, f"a program with {inputs} inputs cannot be run on samples for one")
    ends = isinstance(program.by_name[program.output], Neuron)
    require(ends, f"{program.output}: the output is not a layer of neurons")


def _array(name: str, samples: Any) -> NDArray[Any]:
    try:
        if hasattr(samples, "detach"):
            tensor = samples.detach().cpu()
            # NumPy lacks some of torch's floats.
            samples = (tensor.double() if tensor.is_floating_point() else tensor).numpy()
        return np.asarray(samples)
    except (TypeError, ValueError, RuntimeError) as error:
        raise SamplesError(
            f"{name}: samples are not an array: {error}",
            remedy="give a NumPy array or a tensor of one shape",
        ) from error
