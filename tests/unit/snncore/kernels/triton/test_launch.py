"""A kernel that is known is started without asking Triton; any other is asked for."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch

from snncore.kernels.triton.launch import Launch
from snncore.kernels.triton.shape import TritonConfig


class Kernel:
    """A kernel as Triton shows it: started on a grid, it returns the compiled form."""

    def __init__(self, compiles: bool = True) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.started: list[tuple[Any, ...]] = []
        self.compiles = compiles

    def __getitem__(self, grid: tuple[int, int, int]) -> Callable[..., Any]:
        def ask(*arguments: Any, **options: Any) -> Any:
            self.asked.append((grid, arguments, options))
            if not self.compiles:
                return None
            run = self._run
            return SimpleNamespace(run=run, function="function", packed_metadata="metadata")

        return ask

    def _run(self, *arguments: Any) -> None:
        assert arguments[:9] == (3, 1, 1, 0, "function", "metadata", None, None, None)
        self.started.append(arguments[9:])


def launch(kernel: Kernel) -> Launch:
    return Launch(kernel, 3, [5, 7], 2, TritonConfig(64, 4, 8))


def test_triton_is_asked_once_for_each_kind_of_tensors() -> None:
    kernel = Kernel()
    start = launch(kernel)
    wide, narrow = torch.zeros(64), torch.zeros(64, dtype=torch.float16)
    start([wide, wide])
    start([wide, narrow])
    assert [call[1][:2] for call in kernel.asked] == [(wide, wide), (wide, narrow)]
    grid, arguments, options = kernel.asked[0]
    assert grid == (3, 1, 1)
    assert arguments[2:] == (5, 7, 2, 64)
    assert options == {"num_warps": 4, "num_stages": 1, "enable_fp_fusion": False}
    assert not kernel.started
    other = torch.zeros(64)
    start([other, narrow])
    assert len(kernel.asked) == 2
    assert kernel.started == [(other.data_ptr(), narrow.data_ptr(), 5, 7, 2, 64)]


def test_places_that_are_not_aligned_are_shown_to_triton() -> None:
    kernel = Kernel()
    start = launch(kernel)
    whole = torch.zeros(65)
    start([whole])
    start([whole[1:]])
    start([whole[1:]])
    assert len(kernel.asked) == 3
    start([whole[4:]])
    assert len(kernel.asked) == 3
    assert kernel.started == [(whole[4:].data_ptr(), 5, 7, 2, 64)]


def test_the_interpreter_is_asked_every_time() -> None:
    kernel = Kernel(compiles=False)
    start = launch(kernel)
    start([torch.zeros(64)])
    start([torch.zeros(64)])
    assert len(kernel.asked) == 2
