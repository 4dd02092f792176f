"""The choice of a neuron's backend: the requested one, or the first that does not refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from snncore.kernels.loop.work import Backend, Work

AUTO = "auto"


def _torch() -> Backend:
    from snncore.kernels.loop.torch_loop import TorchBackend

    return TorchBackend()


def _cpp() -> Backend:
    from snncore.kernels.cpp.backend import CppBackend

    return CppBackend()


def _triton() -> Backend:
    from snncore.kernels.triton.backend import TritonBackend

    return TritonBackend()


def _cupy() -> Backend:
    from snncore.kernels.cuda.backend import CudaBackend

    return CudaBackend()


# In the order in which "auto" asks them.
_MAKERS: dict[str, Callable[[], Backend]] = {
    "cpp": _cpp,
    "triton": _triton,
    "cupy": _cupy,
    "torch": _torch,
}
BACKENDS = tuple(_MAKERS)
_backends: dict[str, Backend] = {}


@dataclass(frozen=True)
class BackendReport:
    """The chosen backend, and the reason against each one before it.

    `from_python` says why a GPU's kernels are started from Python, if they are.
    """

    chosen: str
    refused: Mapping[str, str] = field(default_factory=dict)
    from_python: str = ""

    def __str__(self) -> str:
        reasons = "".join(f"; {name}: {reason}" for name, reason in self.refused.items())
        started = f"; started from Python: {self.from_python}" if self.from_python else ""
        return f"{self.chosen}{reasons}{started}"


def backend(name: str) -> Backend:
    """Return the backend of this name.

    Raises:
        ValueError: if there is none.
    """
    if name not in _MAKERS:
        raise ValueError(f"no backend {name!r}; there are {', '.join(BACKENDS)}")
    if name not in _backends:
        _backends[name] = _MAKERS[name]()
    return _backends[name]


def choose(requested: str, work: Work) -> BackendReport:
    """Choose the backend for this work.

    Raises:
        ValueError: if the requested one cannot run it.
    """
    refused: dict[str, str] = {}
    for name in BACKENDS if requested == AUTO else (requested,):
        reason = backend(name).refusal(work)
        if reason is None:
            return BackendReport(name, refused)
        refused[name] = reason
    reasons = "; ".join(f"{name}: {reason}" for name, reason in refused.items())
    raise ValueError(f'{work.equations.name}: {reasons} (backend="auto" takes one that can)')
