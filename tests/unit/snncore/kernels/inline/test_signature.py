"""Kernels and their arguments, read from a source."""

import pytest

from snncore.kernels.launch.signature import Signature, signatures, with_c_names

SOURCE = """
// __global__ void hidden(int a)
/* // @kernel
   __global__ void hidden_too(int a) */
template <int N> __device__ int twice() { return 2 * N; }

// @kernel
__global__ void first(const float *__restrict__ x, unsigned char* y, long long n, size_t bytes)
{
}

  // @kernel renamed
extern "C" __global__ void
__launch_bounds__(256, 2) second(void *any, __half const *h, double scale, bool on /* or off */)
{
    first_of_all();
}

__global__ void third() {}
"""


def read(source: str, **names: str) -> dict[str, Signature]:
    return {s.name: s for s in signatures(source, names or None)}


def test_kernels_are_found_by_their_mark() -> None:
    kernels = read(SOURCE)
    assert list(kernels) == ["first", "renamed"]
    assert kernels["renamed"].function == "second"
    kinds = [(a.name, a.type, a.pointer, a.constant) for a in kernels["first"].arguments]
    assert kinds == [
        ("x", "float32", True, True),
        ("y", "uint8", True, False),
        ("n", "int64", False, False),
        ("bytes", "uint64", False, False),
    ]
    kinds = [(a.name, a.type, a.pointer, a.constant) for a in kernels["renamed"].arguments]
    assert kinds == [
        ("any", "any", True, False),
        ("h", "float16", True, True),
        ("scale", "float64", False, False),
        ("on", "bool", False, False),
    ]


def test_kernels_are_named_by_a_mapping() -> None:
    kernels = read(SOURCE, a="third", b="void made_by_a_macro(float *x, int n)")
    assert kernels["a"].arguments == ()
    assert kernels["b"].function == "made_by_a_macro"
    assert [a.type for a in kernels["b"].arguments] == ["float32", "int32"]
    assert str(kernels["b"]) == "b(float * x, int n)"


def test_c_names_leave_lines_and_what_is_there() -> None:
    renamed = with_c_names(SOURCE, signatures(SOURCE))
    assert renamed.count('extern "C" __global__') == 2
    assert renamed.count("\n") == SOURCE.count("\n")
    assert renamed.replace('extern "C" __global__ void first', "__global__ void first") == SOURCE


WRONG = {
    "no kernel: write '// @kernel'": "__global__ void f(int n) {}",
    "line 2: no __global__ function comes after it": "\n// @kernel\nvoid f(int n) {}",
    "line 1: a kernel is a __global__ void function": "// @kernel\n__global__ int f(int n) {}",
    "f: cannot read the argument 'float \\* \\* x'": "// @kernel\n__global__ void f(float **x) {}",
    "the argument x is of type 'Pair'": "// @kernel\n__global__ void f(Pair x) {}",
    "the argument x is of type 'half'": "// @kernel\n__global__ void f(half x) {}",
    "takes something else than": "// @kernel\n__global__ void f(Array<float> x) {}",
    "line 1: '// @kernel' is followed by one name": "// @kernel a b\n__global__ void f(int n) {}",
    "the kernel name f is used twice": "// @kernel\n__global__ void f() {}\n// @kernel f\n"
    "__global__ void g() {}",
}


@pytest.mark.parametrize("error", WRONG)
def test_what_cannot_be_read_is_refused(error: str) -> None:
    with pytest.raises(ValueError, match=error):
        signatures(WRONG[error])


def test_a_function_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="a: the source has no __global__ function fourth"):
        signatures(SOURCE, {"a": "fourth"})
