"""Products of small integers are those of plain integers, at the extremes and in every window."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d

from snncore.kernels.cpp.products import (
    FEWEST,
    HIGHEST_WORD,
    ChannelProduct,
    WindowProduct,
    empty,
    exact,
    in_memory,
    library,
    most_products,
    packed,
    pooled,
    products_work,
    readable,
    whole,
    windows,
)

Random = np.random.Generator
# The largest value of a source of bytes that is exact on every machine, and beyond.
HIGHEST = [
    value for value in (1, 15, 63, 127, 255) if value <= 63 or most_products(value) >= FEWEST
]


@pytest.fixture(autouse=True)
def _ask_again() -> Iterator[None]:
    yield
    exact._are_exact.cache_clear()


def extremes(rng: Random, shape: tuple[int, ...], low: int, high: int) -> Tensor:
    """Return values between two numbers, about half of them at one of both."""
    values = rng.integers(low, high + 1, shape)
    ends = rng.integers(0, 4, shape)
    return torch.from_numpy(np.where(ends == 0, low, np.where(ends == 1, high, values)))


def images(rng: Random, shape: tuple[int, ...], low: int, high: int, kind: torch.dtype) -> Tensor:
    """Return images (T, N, C, H, W) whose channels are last in memory."""
    return readable(extremes(rng, shape, low, high), kind).permute(0, 1, 4, 2, 3)


def test_this_machine_has_products_that_are_exact() -> None:
    assert products_work()


@pytest.mark.parametrize("seed", range(24))
def test_a_convolution_is_that_of_doubles(seed: int) -> None:
    rng = np.random.default_rng(seed)
    of_bytes = seed % 4 < 3
    high = HIGHEST[seed % len(HIGHEST)] if of_bytes else 300
    channels, outputs = (1, 3, 4, 7, 16, 65)[seed % 6], (1, 5, 16, 17, 40)[seed % 5]
    kernel, stride = tuple(rng.integers(1, 5, 2)), tuple(rng.integers(1, 4, 2))
    padding, dilation = tuple(rng.integers(0, 3, 2)), tuple(rng.integers(1, 3, 2))
    steps, samples = (1, 4, 3)[seed % 3], (1, 3)[seed % 2]
    kind = torch.uint8 if of_bytes else torch.int16
    x = images(rng, (steps, samples, channels, 9, 11), 0 if of_bytes else -high, high, kind)
    weight = extremes(rng, (outputs, channels, *kernel), -128, 127)
    seen = windows((9, 11), kernel, stride, padding, dilation)
    form = weight.flatten(2).transpose(1, 2).numpy().astype(np.int8 if of_bytes else np.int16)
    product = WindowProduct(form, seen, high, of_bytes=of_bytes)
    sums = product(in_memory(x)).permute(0, 1, 4, 2, 3).flatten(0, 1)
    expected = conv2d(x.flatten(0, 1).double(), weight.double(), None, stride, padding, dilation)
    assert torch.equal(sums.double(), expected)
    assert sums.any()


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_share_large_and_small_images(threads: int) -> None:
    rng = np.random.default_rng(threads)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for size, channels, outputs in ((40, 16, 40), (3, 128, 200)):
            x = images(rng, (2, 2, channels, size, size), 0, 1, torch.uint8)
            weight = extremes(rng, (outputs, channels, 3, 3), -128, 127)
            form = weight.flatten(2).transpose(1, 2).numpy().astype(np.int8)
            seen = windows((size, size), (3, 3), (1, 1), (1, 1))
            sums = WindowProduct(form, seen, 1, of_bytes=True)(in_memory(x))
            expected = conv2d(x.flatten(0, 1).double(), weight.double(), padding=1)
            assert torch.equal(sums.permute(0, 1, 4, 2, 3).flatten(0, 1).double(), expected)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("high", HIGHEST)
def test_sums_of_extremes_do_not_saturate(high: int) -> None:
    """All inputs are the highest, all weights the lowest or the highest of a byte."""
    values = empty((1, 1, 5000), torch.uint8).fill_(high)
    weight = np.full((3, 1, 5000), -128, np.int8)
    weight[1], weight[2, :, ::2] = 127, 127
    sums = WindowProduct(weight, whole(), high, of_bytes=True)(values)
    assert sums.flatten().tolist() == [-640_000 * high, 635_000 * high, -2500 * high]


def test_words_fill_the_sums_32_bits() -> None:
    values = readable(torch.tensor([[[-HIGHEST_WORD, -HIGHEST_WORD]]]), torch.int16)
    weight = np.array([[[HIGHEST_WORD] * 2], [[-HIGHEST_WORD] * 2]], np.int16)
    sums = WindowProduct(weight, whole(), HIGHEST_WORD, of_bytes=False)(values)
    assert sums.flatten().tolist() == [-2 * HIGHEST_WORD**2, 2 * HIGHEST_WORD**2]


@pytest.mark.parametrize("kind", [torch.uint8, torch.int16])
def test_channels_by_themselves(kind: torch.dtype) -> None:
    rng = np.random.default_rng(5)
    low, high = (0, 255) if kind == torch.uint8 else (-4000, 4000)
    x = images(rng, (2, 3, 9, 8, 7), low, high, kind)
    weight = extremes(rng, (9, 1, 3, 2), -30_000, 30_000)
    seen = windows((8, 7), (3, 2), (2, 1), (1, 1))
    product = ChannelProduct(weight.flatten(1).T.numpy(), seen, of_bytes=kind == torch.uint8)
    sums = product(in_memory(x)).permute(0, 1, 4, 2, 3).flatten(0, 1)
    form = (None, (2, 1), (1, 1), 1, 9)
    assert torch.equal(sums.double(), conv2d(x.flatten(0, 1).double(), weight.double(), *form))


def test_a_pool_of_bytes() -> None:
    x = images(np.random.default_rng(6), (2, 3, 5, 9, 8), 0, 255, torch.uint8)
    largest = pooled(in_memory(x), windows((9, 8), (3, 3), (2, 2), (1, 1)))
    expected = max_pool2d(x.flatten(0, 1).double(), 3, 2, 1)
    assert torch.equal(largest.permute(0, 1, 4, 2, 3).flatten(0, 1).double(), expected)


def test_a_machine_that_errs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    run = WindowProduct.__call__
    monkeypatch.setattr(WindowProduct, "__call__", lambda *args: run(*args).add_(1))
    exact._are_exact.cache_clear()
    assert not products_work()


def test_narrow_sums_that_saturate_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wide sums hold any number of products, and never saturate."""
    compiled = library.library()
    assert compiled is not None
    monkeypatch.setattr(packed, "most_products", lambda highest: 1 << 40)
    exact._are_exact.cache_clear()
    assert products_work() != bool(compiled.is_narrow())


def test_a_machine_without_a_compiler_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "library", lambda: None)
    exact._are_exact.cache_clear()
    assert not products_work()
