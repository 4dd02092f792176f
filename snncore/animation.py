"""Animations (GIF) of events, spikes and membranes, drawn by Pillow."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

_LONGEST = 10_000
_Bytes = NDArray[np.uint8]
# Dark ground, then what became darker and what became brighter.
_GROUND, _DARKER, _BRIGHTER = (18, 22, 28), (70, 130, 255), (255, 196, 77)


def events(
    frames: Tensor | NDArray[Any],
    path: str | os.PathLike[str],
    *,
    sample: int = 0,
    scale: int = 4,
    milliseconds: int = 50,
) -> None:
    """Write frames of events (T, P, H, W), or one sample of (T, N, P, H, W): a colour a polarity.

    A pixel is as bright as its events are many, compared with the busiest of all.

    Raises:
        ValueError: if they have another shape, or more polarities than two.
    """
    array = _numbers(frames, "events")
    array = array[:, sample] if array.ndim == 5 else array
    if array.ndim != 4 or array.shape[1] not in (1, 2):
        raise ValueError(f"animation.events: takes (T, 1 or 2, H, W), but got {array.shape}")
    share = array / max(float(array.max(initial=0)), 1.0)
    colours = np.asarray((_DARKER, _BRIGHTER)[-array.shape[1] :], np.float64) - _GROUND
    images = _GROUND + np.einsum("tphw,pc->thwc", share, colours)
    _write(images, path, scale, milliseconds)


def spikes(
    values: Tensor | NDArray[Any],
    path: str | os.PathLike[str],
    *,
    sample: int = 0,
    scale: int = 4,
    milliseconds: int = 50,
) -> None:
    """Write the spikes of a layer, (T, N, C, H, W) with channels side by side, or (T, N, C).

    Neurons without a place stand in rows, as near to a square as they go.

    Raises:
        ValueError: if they have another shape.
    """
    maps = _maps(values, sample, "spikes")
    fired = (maps != 0)[..., None]
    _write(np.where(fired, _BRIGHTER, _GROUND).astype(np.float64), path, scale, milliseconds)


def membranes(
    values: Tensor | NDArray[Any],
    path: str | os.PathLike[str],
    *,
    sample: int = 0,
    scale: int = 4,
    milliseconds: int = 50,
    limits: tuple[float, float] | None = None,
) -> None:
    """Write the states of a layer as greys, arranged like its spikes.

    Black and white are the limits, or else the lowest and the highest value.

    Raises:
        ValueError: if they have another shape, are not finite, or the limits are the same.
    """
    maps = _maps(values, sample, "membranes")
    low, high = limits or (float(maps.min()), float(maps.max()))
    if limits is not None and not low < high:
        raise ValueError(f"animation.membranes: limits {low} and {high} (the lower one first)")
    grey = np.clip((maps - low) / max(high - low, 1e-12), 0, 1)
    _write(np.repeat(255 * grey[..., None], 3, -1), path, scale, milliseconds)


def _numbers(values: Tensor | NDArray[Any], name: str) -> NDArray[np.float64]:
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    array = array.astype(np.float64)
    if array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"animation.{name}: values that are finite are needed, and at least one")
    if len(array) > _LONGEST:
        raise ValueError(f"animation.{name}: {len(array)} images (at most {_LONGEST}; take a part)")
    return array


def _maps(values: Tensor | NDArray[Any], sample: int, name: str) -> NDArray[np.float64]:
    """Return a sample's values as images (T, H, W), the channels side by side."""
    array = _numbers(values, name)
    if array.ndim not in (3, 4, 5):
        raise ValueError(f"animation.{name}: takes (T, N, C), (T, N, C, L) or (T, N, C, H, W)")
    array = array[:, sample]
    if array.ndim == 4:
        return _side_by_side(array)
    return array if array.ndim == 3 else _wrapped(array)


def _side_by_side(array: NDArray[np.float64]) -> NDArray[np.float64]:
    steps, channels, height, width = array.shape
    columns = int(np.ceil(np.sqrt(channels)))
    rows = -(-channels // columns)
    low = array.min()
    # A line of the lowest value between neighbours.
    sheet = np.full((steps, rows * (height + 1) - 1, columns * (width + 1) - 1), low)
    for index in range(channels):
        top, left = index // columns * (height + 1), index % columns * (width + 1)
        sheet[:, top : top + height, left : left + width] = array[:, index]
    return sheet


def _wrapped(array: NDArray[np.float64]) -> NDArray[np.float64]:
    steps, count = array.shape
    width = int(np.ceil(np.sqrt(count)))
    height = -(-count // width)
    padded = np.full((steps, height * width), array.min())
    padded[:, :count] = array
    return padded.reshape(steps, height, width)


def _write(
    images: NDArray[np.float64], path: str | os.PathLike[str], scale: int, milliseconds: int
) -> None:
    """Write images (T, H, W, 3) one after another, for ever."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("animations need Pillow: python -m pip install pillow") from error
    if scale < 1 or milliseconds < 10:
        raise ValueError(
            f"animation: a scale of {scale} and {milliseconds} ms an image (from 1 and from 10)"
        )
    whole: _Bytes = np.rint(images).clip(0, 255).astype(np.uint8)
    large = whole.repeat(scale, 1).repeat(scale, 2)
    # One palette for all, so that a colour means the same in every image.
    first = Image.fromarray(np.ascontiguousarray(large.reshape(-1, *large.shape[2:])))
    palette = first.quantize(256, dither=Image.Dither.NONE)
    pages = [
        Image.fromarray(page).quantize(palette=palette, dither=Image.Dither.NONE) for page in large
    ]
    # Pillow joins equal images and adds their times, so every step takes as long.
    pages[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=pages[1:],
        duration=milliseconds,
        loop=0,
        optimize=False,
        disposal=1,
    )
