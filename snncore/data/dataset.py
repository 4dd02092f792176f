"""Data sets of events as frames, read on demand by any number of workers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from snncore.data.augment import Augmentation
from snncore.data.events import Size, as_events
from snncore.data.frames import Frames
from snncore.data.order import Order

Labelled = tuple[Tensor, int]


class Source(Protocol):
    """A source of events: anything with a length, and pairs of events and a label."""

    def __len__(self) -> int:
        """Return the number of samples."""

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """Return the events and the label of a sample."""


class EventFrames(Dataset[Labelled]):
    """A source's samples as frames (T, P, H, W) and labels.

    What augmentations draw depends on the seed, the epoch and the sample, not on the worker.
    """

    def __init__(
        self,
        source: Source,
        size: Size,
        frames: Frames,
        *,
        augmentations: Sequence[Augmentation] = (),
        seed: int = 0,
    ) -> None:
        self.source, self.size, self.frames = source, size, frames
        self.augmentations, self.seed = tuple(augmentations), seed
        # Shared with workers that outlive an epoch.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()

    @property
    def epoch(self) -> int:
        """Which pass over the samples this is."""
        return int(self._epoch)

    @epoch.setter
    def epoch(self, value: int) -> None:
        self._epoch.fill_(value)

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Labelled:
        sample, label = self.source[index]
        events = as_events(sample)
        random = np.random.default_rng([self.seed, self.epoch, index])
        for change in self.augmentations:
            events = change(events, self.size, random)
        return self.frames(events, self.size), int(label)


def tonic_dataset(
    name: str,
    root: str | os.PathLike[str],
    frames: Frames,
    *,
    augmentations: Sequence[Augmentation] = (),
    seed: int = 0,
    **options: Any,
) -> EventFrames:
    """Load a tonic data set by name ("NMNIST", "DVSGesture", "SHD", ...) as frames.

    It is downloaded to `root` if it is not there; options (train=False) are tonic's.

    Raises:
        ImportError: if tonic is not installed.
        ValueError: if tonic has no such data set.
    """
    try:
        from tonic import datasets
    except ImportError as error:
        raise ImportError(
            "data sets of events come through tonic: python -m pip install tonic"
        ) from error
    kind = getattr(datasets, name, None)
    if not name[:1].isupper() or kind is None:
        names = ", ".join(key for key in dir(datasets) if key[:1].isupper())
        raise ValueError(f"tonic has no data set {name!r}; it has {names}")
    source = kind(save_to=str(root), **options)
    return EventFrames(source, kind.sensor_size, frames, augmentations=augmentations, seed=seed)


def loader(
    dataset: Dataset[Labelled],
    batch: int,
    *,
    shuffle: bool = False,
    workers: int = 0,
    seed: int = 0,
    **options: Any,
) -> DataLoader[Labelled]:
    """Collate batches (T, N, P, H, W) and labels (N,); shorter samples are silent at the end.

    Every pass is another epoch of the data set: the order and the augmentations are drawn anew,
    by the seed and the epoch alone. Options (a sampler of your own) are torch's.
    """
    if "sampler" not in options:
        options["sampler"] = Order(dataset, shuffle, seed)
    return DataLoader(
        dataset,
        batch,
        num_workers=workers,
        collate_fn=_time_first,
        generator=torch.Generator().manual_seed(seed),
        **options,
    )


def _time_first(samples: list[Labelled]) -> tuple[Tensor, Tensor]:
    frames = torch.nn.utils.rnn.pad_sequence([frames for frames, _ in samples])
    return frames, torch.tensor([label for _, label in samples])
