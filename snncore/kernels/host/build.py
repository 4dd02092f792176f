"""The library that starts kernels, compiled against torch once and kept in the user's cache.

It is compiled in the background, so that nothing waits for it; until then kernels are started from
Python. `wait` waits.
"""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from threading import Lock, Thread

import torch

from snncore.kernels import cache
from snncore.kernels.cpp import build as compilers

_BUSY = "the library that starts them is being compiled"
# One text after the other: compiling each alone would read torch's headers as often.
_SOURCES = ("start.cpp", "launch.cpp", "grid.cpp")


class Library:
    """The library of this process: absent, being compiled, or loaded."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._thread: Thread | None = None
        # Why it is not loaded; empty if it is.
        self.absence = _BUSY

    def begin(self) -> bool:
        """Return whether the library is loaded; load it, or begin to compile it, if it is not."""
        if not self.absence:
            return True
        with self._lock:
            if self._thread is None and self.absence == _BUSY:
                self._begin()
        return not self.absence

    def wait(self) -> str:
        """Wait until the library is loaded, or cannot be; return why it cannot be, or nothing."""
        self.begin()
        if self._thread is not None:
            self._thread.join()
        return self.absence

    def _begin(self) -> None:
        try:
            key, build = _recipe()
            kept = cache.kept(key, "so")
        except (compilers.CompilerError, OSError) as error:
            self.absence = _first_line(error)
            return
        if kept is not None:
            self._load(kept)
            return
        self._thread = Thread(target=self._compile, args=(key, build), daemon=True)
        self._thread.start()

    def _compile(self, key: str, build: cache.Builder) -> None:
        try:
            self._load(cache.make(key, "so", build))
        except (compilers.CompilerError, OSError, TimeoutError) as error:
            self.absence = _first_line(error)

    def _load(self, kept: cache.Kept) -> None:
        try:
            torch.ops.load_library(str(kept.through))
        except (OSError, RuntimeError) as error:
            self.absence = f"the library that starts them cannot be loaded: {_first_line(error)}"
        else:
            self.absence = ""


LIBRARY = Library()


def _recipe() -> tuple[str, cache.Builder]:
    """Return the key of the library in the cache, and what builds it.

    Raises:
        CompilerError: if there is no compiler that builds for torch.
    """
    tool = compilers.compiler()
    if tool is None:
        raise compilers.CompilerError(compilers.NO_COMPILER)
    # The package ziglang's has a standard library of its own, whose classes are not torch's.
    if len(tool) > 1:
        raise compilers.CompilerError("torch's classes need g++ or clang++ (install one)")
    texts = (Path(__file__).with_name(name).read_text("utf-8") for name in _SOURCES)
    source, flags = "\n".join(texts), _flags()
    parts = (source, *flags, torch.__version__, compilers.version(tool))
    build = partial(compilers.compile_library, tool, flags, source)
    return sha256("\0".join(parts).encode()).hexdigest(), build


def _flags() -> tuple[str, ...]:
    """Return the compiler's flags, with torch's folders.

    Raises:
        CompilerError: if torch has no headers here.
    """
    spec = find_spec("torch")
    folder = Path(str(spec.origin)).parent if spec is not None else Path()
    include = folder / "include"
    if not (include / "torch" / "library.h").is_file():
        raise compilers.CompilerError("torch is installed without its headers")
    return (
        "-std=c++20",
        "-O1",
        "-w",
        "-fPIC",
        "-shared",
        f"-D_GLIBCXX_USE_CXX11_ABI={int(torch.compiled_with_cxx11_abi())}",
        f"-I{include}",
        f"-I{include / 'torch' / 'csrc' / 'api' / 'include'}",
        f"-L{folder / 'lib'}",
        "-Wl,--no-as-needed",
        "-lc10",
        "-ltorch_cpu",
        "-ldl",
    )


def _first_line(error: Exception) -> str:
    """Return an error's first line that says what is wrong."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return next((line for line in lines if "error:" in line), lines[0])
