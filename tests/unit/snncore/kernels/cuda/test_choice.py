"""When the CUDA backend runs, and why it does not."""

from typing import Any

import pytest
import torch

from snncore import neuron
from snncore.kernels import Work
from snncore.kernels.cuda import backend as cuda_backend
from snncore.kernels.cuda.backend import CudaBackend
from snncore.surrogate import ATan

GPU = torch.device("cuda", 0)


def work(kind: torch.dtype = torch.float32) -> Work:
    return Work(neuron.LIF().equations, ATan(), GPU, kind)


def test_on_a_cpu_it_says_where_it_runs() -> None:
    with pytest.raises(ValueError, match="LIF: cupy: runs on a CUDA device, and the input is on c"):
        neuron.LIF(backend="cupy")(torch.randn(3, 2, 4))


@pytest.fixture
def on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    for check in ("no_cupy", "missing"):
        monkeypatch.setattr(cuda_backend, check, lambda: None)


@pytest.mark.usefixtures("on_a_gpu")
def test_with_a_gpu_and_its_tools_it_runs() -> None:
    assert CudaBackend().refusal(work()) is None


@pytest.mark.usefixtures("on_a_gpu")
def test_each_reason_is_given_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = CudaBackend()
    assert "float64" in str(backend.refusal(work(torch.float64)))
    reasons: dict[str, Any] = {"no_cupy": "CuPy is not", "missing": "neither NVRTC nor nvcc"}
    for name, reason in reasons.items():
        monkeypatch.setattr(cuda_backend, name, lambda reason=reason: reason)
        assert backend.refusal(work()) == reason
        monkeypatch.setattr(cuda_backend, name, lambda: None)
    monkeypatch.setattr(torch.version, "cuda", None)
    assert "NVIDIA" in str(backend.refusal(work()))


def test_the_source_is_printed() -> None:
    text = neuron.CubaLIF().source("cupy")
    assert "// state 1 is v" in text
    assert "__fmul_rn(" in text
    assert text.count('extern "C" __global__') == 2
