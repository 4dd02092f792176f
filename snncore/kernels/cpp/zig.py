"""The compiler of the package ziglang, run as a program with the words of any C++ compiler.

zig would build its whole C++ library before it links with it, for minutes. Kernels need nothing
of it but memory, so they are linked without; a source that needs more is linked with it.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

COMPILER = (sys.executable, "-P", "-m", "ziglang", "c++")

# Without the sanitizer, which zig adds unless told otherwise and would build as well.
_PLAIN = "-fno-sanitize=undefined"
_LINK = ("-shared", "-nostdlib++", "-Wl,-z,defs", "-O3", _PLAIN)

# All that the headers leave to the library, where nothing throws.
_RUNTIME = r"""
#include <cstddef>
#include <cstdlib>
#include <new>

static void *taken(std::size_t size, std::size_t alignment)
{
    // A whole number of alignments, as aligned_alloc asks for.
    void *memory = aligned_alloc(alignment, (size / alignment + 1) * alignment);
    if (memory == nullptr) std::abort();
    return memory;
}

void *operator new(std::size_t size) { return taken(size, 16); }
void *operator new[](std::size_t size) { return taken(size, 16); }
void *operator new(std::size_t size, std::align_val_t to) { return taken(size, std::size_t(to)); }
void *operator new[](std::size_t size, std::align_val_t to) { return taken(size, std::size_t(to)); }
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete[](void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void *memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void *memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void *memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void *memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

extern "C" void refused(const char *, ...) __asm__("_ZNSt3__122__libcpp_verbose_abortEPKcz");
extern "C" void refused(const char *, ...) { std::abort(); }
"""


def main(words: list[str]) -> int:
    """Compile and link as the words say; return the compiler's exit code."""
    if "-shared" not in words or "-o" not in words:
        return _zig(*words)
    position = words.index("-o")
    flags = [word for word in (*words[:position], *words[position + 2 :]) if word != "-shared"]
    flags.append(_PLAIN)
    with tempfile.TemporaryDirectory() as folder:
        runtime, compiled = Path(folder, "runtime.hpp"), Path(folder, "kernel.o")
        runtime.write_text(_RUNTIME, "utf-8")
        alone = ("-fno-exceptions", "-include", str(runtime))
        if not _zig(*flags, *alone, "-c", "-o", str(compiled), quiet=True) and not _zig(
            *_LINK, str(compiled), "-o", words[position + 1], quiet=True
        ):
            return 0
        # A source that is wrong says so before the library is built.
        return _zig(*flags, "-c", "-o", str(compiled)) or _zig(*words, _PLAIN)


def _zig(*words: str, quiet: bool = False) -> int:
    return subprocess.run([*COMPILER, *words], capture_output=quiet, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
