"""New memory is poisoned, so that a lane that no kernel wrote shows; graphs start from nothing."""

from collections.abc import Iterator

import pytest
import torch

# On CUDA `torch._dynamo.reset` imports torch's own `torch.utils.mkldnn`, whose classes are in
# TorchScript. torch 2.10 to 2.13 warn of that there; what is ours must not use it.
TORCHS_OWN = (
    r"ignore:`torch\.jit\.script_method` is deprecated:DeprecationWarning:torch\.jit\._script"
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", TORCHS_OWN)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """The references on the CPU leave the other cores to the other processes."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def poisoned() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)
    assert torch.utils.deterministic.fill_uninitialized_memory
    yield
    torch.use_deterministic_algorithms(False)
    torch._dynamo.reset()
