"""Whole sources: compiled for GPUs that are not here, called on tensors that are."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from snncore.kernels import inline
from snncore.kernels.launch import build as building
from snncore.kernels.launch import nvrtc
from snncore.kernels.launch.build import missing

# On Linux the development tools bring NVRTC, so that its absence is a failure there.
UNCOMPILED = missing() is not None and sys.platform != "linux"
compiled = pytest.mark.skipif(UNCOMPILED, reason=f"not run: {missing()}")

SOURCE = """
#define SQUARE(x) ((x) * (x))

// @kernel
__global__ void scale(const float *x, float *__restrict__ y, float factor, int64_t n)
{
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) y[i] = factor * SQUARE(x[i]);
}

// @kernel total
__global__ void __launch_bounds__(256) block_total(const float *x, float *sums, int n)
{
    extern __shared__ float parts[];
    __shared__ int count;
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (threadIdx.x == 0) count = 0;
    parts[threadIdx.x] = i < n ? x[i] : 0.0f;
    __syncthreads();
    atomicAdd(&count, 1);
    for (int half = blockDim.x / 2; half >= 32; half /= 2) {
        if (threadIdx.x < half) parts[threadIdx.x] += parts[threadIdx.x + half];
        __syncthreads();
    }
    float sum = parts[threadIdx.x % 32];
    for (int mask = 16; mask > 0; mask /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, mask);
    if (threadIdx.x == 0) sums[blockIdx.x] = count == blockDim.x ? sum : -1.0f;
}

// @kernel
__global__ void stuck(float *x)
{
    if (threadIdx.x < 7) __syncthreads();
    else __shfl_sync(0xffffffffu, x[0], 0), __shfl_sync(0xffffffffu, x[0], 0);
}
"""


@pytest.fixture(scope="module")
def kernels() -> inline.Kernels:
    return inline.load(SOURCE, architecture="cpu")


def test_a_thread_for_each_element(kernels: inline.Kernels) -> None:
    x, y = torch.randn(5, 201), torch.empty(5, 201)
    kernels.scale(x, y, 2.0, x.numel())
    assert torch.equal(y, 2 * (x * x))
    kernels.scale(x, y.zero_(), 2.0, 7, elements=7, block=32)
    assert int(y.count_nonzero()) == 7


def test_threads_share_memory_and_wait(kernels: inline.Kernels) -> None:
    x, sums = torch.randn(1000), torch.empty(4)
    kernels.total(x, sums, 1000, grid=4, block=(128, 2), shared=1024)
    # A block of two dimensions has twice the threads that its first one says.
    assert bool((sums == -1).all())
    kernels.total(x, sums, 1000, grid=(4, 1), shared=1024)
    torch.testing.assert_close(sums.sum(), x.sum())


def test_threads_that_wait_for_ever_are_an_error(kernels: inline.Kernels) -> None:
    with pytest.raises(RuntimeError, match="stuck: threads of a block wait for others"):
        kernels.stuck(torch.zeros(1), grid=1, block=32)


def test_kernels_are_listed(kernels: inline.Kernels) -> None:
    assert [kernel.signature.name for kernel in kernels] == ["scale", "total", "stuck"]
    assert "total" in dir(kernels)
    assert repr(kernels.stuck) == "<kernel stuck(float * x)>"
    with pytest.raises(AttributeError, match="no kernel 'scal'; there are scale, total, stuck"):
        kernels.scal  # noqa: B018


X = torch.zeros(8)
WRONG = {
    r"scale\(const float \* x, .*\) takes 4, but got 3": (X, X, 1.0),
    "scale: y is a tensor, not float": (X, 1.0, 1.0, 8),
    r"scale: x is const float \*, and the tensor is torch.float64": (X.double(), X, 1.0, 8),
    "scale: x is not contiguous": (torch.zeros(4, 4).t(), X, 1.0, 8),
    "scale: y is on meta, and a tensor before it on cpu": (X, X.to("meta"), 1.0, 8),
    "scale: x requires a gradient": (X.clone().requires_grad_(), X, 1.0, 8),
    r"scale: n is a whole number \(int64_t\), not float": (X, X, 1.0, 8.0),
    "scale: n is 9223372036854775808, which int64_t does not hold": (X, X, 1.0, 1 << 63),
    "scale: factor is a number": (X, X, torch.tensor(1.0), 8),
}


@pytest.mark.parametrize("error", WRONG)
def test_arguments_are_checked(error: str, kernels: inline.Kernels) -> None:
    with pytest.raises((TypeError, ValueError), match=error):
        kernels.scale(*WRONG[error])


def test_grid_and_block_are_checked(kernels: inline.Kernels) -> None:
    with pytest.raises(ValueError, match="a block has 1 to 1024 threads"):
        kernels.scale(X, X, 1.0, 8, block=(64, 64))
    with pytest.raises(ValueError, match="give grid or elements"):
        kernels.scale(X, X, 1.0, 8, grid=1, elements=8)
    with pytest.raises(ValueError, match="scale: grid is one to three whole numbers"):
        kernels.scale(X, X, 1.0, 8, grid=(1, 1, 1, 1))
    kernels.scale(X[:0], X[:0], 1.0, 0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "neurodeploy" / "kernels"


def binaries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix == ".cubin")


@compiled
def test_it_compiles_for_a_gpu_that_is_not_here(folder: Path) -> None:
    kernels = inline.load(SOURCE, architecture="sm_90")
    assert "registers" in kernels.log
    assert len(binaries(folder)) == 1
    assert {path.suffix for path in folder.iterdir()} == {".cubin", ".sha256"}


@compiled
def test_each_change_of_what_it_depends_on_is_another_binary(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = tmp_path / "words.h"
    header.write_text("#define FACTOR 2.0f\n")
    source = '#include "words.h"\n// @kernel\n__global__ void f(float *x) { *x = FACTOR; }\n'
    options = inline.Options(include=(str(tmp_path),))
    inline.load(source, options=options)
    changes = [
        lambda: header.write_text("#define FACTOR 3.0f\n"),
        lambda: monkeypatch.setattr(nvrtc, "version", lambda: "another"),
    ]
    for count, change in enumerate(changes, 2):
        change()
        inline.load(source, options=options)
        inline.load(source, options=options)
        assert len(binaries(folder)) == count
    others = [
        inline.Options(include=options.include, fast_math=True),
        inline.Options(include=options.include, optimization=1),
        inline.Options(include=options.include, flags=("-DOTHER",)),
    ]
    for count, other in enumerate(others, 4):
        inline.load(source, options=other)
        assert len(binaries(folder)) == count
    inline.load(source, options=options, architecture="sm_80")
    assert len(binaries(folder)) == 7


@compiled
def test_it_is_compiled_once_unless_forced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "// @kernel\n__global__ void f(float *x) { *x = 1; }\n"
    calls = []
    compiles = building._compile
    monkeypatch.setattr(building, "_compile", lambda *a: (calls.append(1), compiles(*a))[1])
    for force in (False, False, True):
        inline.load(source, force_rebuild=force)
    assert len(calls) == 2
    assert len(binaries(folder)) == 1


@compiled
def test_errors_count_the_lines_of_the_text(folder: Path) -> None:
    broken = SOURCE.replace("factor * SQUARE", "factr * SQUARE")
    line = broken[: broken.index("factr")].count("\n") + 1
    with pytest.raises(inline.CompilerError, match=rf'kernel\.cu\({line}\).*"factr" is undefined'):
        inline.load(broken)
    assert binaries(folder) == []


@compiled
def test_flags_and_verbose_output(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = "// @kernel\n__global__ void f(float *x) { *x = FACTOR; }\n"
    options = inline.Options(flags=("-DFACTOR=3.0f",), verbose=True)
    inline.load(source, options=options)
    printed = capsys.readouterr().err
    assert "-DFACTOR=3.0f" in printed
    assert "registers" in printed
    with pytest.raises(ValueError, match="the optimization level is 0 to 3, not 7"):
        inline.Options(optimization=7)
    with pytest.raises(ValueError, match="no compiler 'gcc'"):
        inline.Options(compiler="gcc")
    with pytest.raises(ValueError, match=r"no architecture '9\.0'"):
        inline.load(source, architecture="9.0")


SCRIPT = f"""
from snncore.kernels import inline
print(len(inline.load({SOURCE!r}, architecture="sm_90").log) > 0)
"""


@compiled
def test_processes_and_threads_may_build_at_once(folder: Path) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    threads = [
        threading.Thread(target=inline.load, args=(SOURCE,), kwargs={"architecture": "sm_90"})
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.communicate()[0].strip() for process in running] == ["True", "True"]
    assert len(binaries(folder)) == 1
    assert len(list(folder.iterdir())) == 2


def test_without_a_compiler_it_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nvrtc, "library", lambda: None)
    monkeypatch.setattr(building, "_nvcc", lambda: None)
    with pytest.raises(inline.CompilerError, match="pip install nvidia-cuda-nvrtc"):
        inline.load(SOURCE)


def test_what_only_a_gpu_has_does_not_run_here() -> None:
    source = "#include <cuda_fp16.h>\n// @kernel\n__global__ void f(__half *x) {}\n"
    with pytest.raises(ValueError, match=r"cuda_fp16\.h is for GPUs"):
        inline.load(source, architecture="cpu")
