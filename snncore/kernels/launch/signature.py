"""A kernel's arguments, read from its declaration in the source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch

# Each type as it may be written, as we call it.
_SPELLINGS = {
    "bool": ("bool",),
    "int8": ("signed char", "int8_t"),
    "uint8": ("unsigned char", "uint8_t"),
    "int16": ("short", "short int", "int16_t"),
    "uint16": ("unsigned short", "unsigned short int", "uint16_t"),
    "int32": ("int", "int32_t", "signed int"),
    "uint32": ("unsigned", "unsigned int", "uint32_t"),
    "int64": ("long long", "long long int", "int64_t", "long", "ptrdiff_t"),
    "uint64": ("unsigned long long", "uint64_t", "size_t", "unsigned long"),
    "float16": ("half", "__half"),
    "bfloat16": ("bfloat16", "__nv_bfloat16", "nv_bfloat16"),
    "float32": ("float",),
    "float64": ("double",),
    "any": ("void",),
}
_TYPES = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings}
TENSORS = {name: getattr(torch, name) for name in _SPELLINGS if name != "any"}
_MARK = re.compile(r"^[ \t]*//[ \t]*@kernel\b[ \t]*(\w*)[ \t]*(\S.*)?$", re.MULTILINE)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_QUALIFIER = re.compile(r"\b(volatile|__restrict__|__restrict|restrict|__grid_constant__)\b")
_LAUNCH_BOUNDS = re.compile(r"__launch_bounds__\s*\([^()]*\)")


@dataclass(frozen=True)
class Argument:
    """A kernel's argument: a tensor of this type, or a number."""

    name: str
    type: str
    pointer: bool
    # A tensor that the kernel only reads.
    constant: bool = False
    # The type as the source writes it.
    written: str = ""


@dataclass(frozen=True)
class Signature:
    """A kernel: the name it is called by, the function's own name, and its arguments."""

    name: str
    function: str
    arguments: tuple[Argument, ...]

    def __str__(self) -> str:
        arguments = ", ".join(f"{a.written} {a.name}" for a in self.arguments)
        return f"{self.name}({arguments})"


def signatures(source: str, kernels: Mapping[str, str] | None = None) -> tuple[Signature, ...]:
    """Find the kernels that follow `// @kernel` comments, or those that `kernels` names.

    A value of `kernels` is a function's name, or its declaration where the source has it not in
    plain text.

    Raises:
        ValueError: if there is none, or one cannot be read; names the line.
    """
    plain = _without_comments(source)
    declared = []
    if kernels is None:
        for mark in _MARK.finditer(source):
            where = f"line {source.count(chr(10), 0, mark.start()) + 1}"
            if mark[2]:
                raise ValueError(f"{where}: '// @kernel' is followed by one name or none")
            declared.append(_declared(plain, mark.end(), where, mark[1]))
    else:
        for name, text in kernels.items():
            declared.append(_named(plain, name, text))
    if not declared:
        raise ValueError("no kernel: write '// @kernel' on the line before one, or pass kernels=")
    names = [signature.name for signature in declared]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise ValueError(f"the kernel name {repeated} is used twice")
    return tuple(declared)


def _named(plain: str, name: str, text: str) -> Signature:
    if not name.isidentifier():
        raise ValueError(f"{name!r} is not the name of a kernel")
    if "(" in text:
        declaration = text if "__global__" in text else f"__global__ {text}"
        return _declared(declaration, 0, name, name)
    pattern = re.compile(
        rf"__global__[^;{{}}()]*(?:\([^()]*\)[^;{{}}()]*)?\b{re.escape(text)}\s*\("
    )
    match = pattern.search(plain)
    if match is None:
        raise ValueError(
            f"{name}: the source has no __global__ function {text} "
            "(give its whole declaration where a macro makes it)"
        )
    return _declared(plain, match.start(), name, name)


def _declared(plain: str, start: int, where: str, name: str) -> Signature:
    """Find the next declaration from this position."""
    begin = plain.find("__global__", start)
    if begin < 0:
        raise ValueError(f"{where}: no __global__ function comes after it")
    text = _LAUNCH_BOUNDS.sub("", plain[begin:])
    match = re.match(r"__global__\s+(?:static\s+|inline\s+)*void\s+(\w+)\s*\(", text)
    if match is None:
        first = text.splitlines()[0].strip()
        raise ValueError(f"{where}: a kernel is a __global__ void function, not: {first}")
    end = text.find(")", match.end())
    if end < 0:
        raise ValueError(f"{where}: {match[1]}( is not closed")
    inside = text[match.end() : end].strip()
    if "(" in inside or "<" in inside:
        raise ValueError(f"{where}: {match[1]} takes something else than numbers and pointers")
    parts = [] if inside in ("", "void") else inside.split(",")
    arguments = tuple(_argument(part, match[1]) for part in parts)
    return Signature(name or match[1], match[1], arguments)


def _argument(text: str, kernel: str) -> Argument:
    text = " ".join(_QUALIFIER.sub(" ", text).replace("*", " * ").split())
    match = re.fullmatch(r"(.*?) (\* )?(?:const )?(\w+)", text)
    if match is None or "*" in match[1]:
        raise ValueError(f"{kernel}: cannot read the argument {text!r}")
    words = match[1].split()
    written = " ".join(word for word in words if word != "const")
    kind = _TYPES.get(written)
    pointer = match[2] is not None
    if kind is None or (not pointer and kind in ("any", "float16", "bfloat16")):
        raise ValueError(
            f"{kernel}: the argument {match[3]} is of type {written!r}, which is neither a number "
            "nor a pointer to numbers"
        )
    spelled = f"{'const ' if 'const' in words else ''}{written}{' *' if pointer else ''}"
    return Argument(match[3], kind, pointer, "const" in words, spelled)


def _without_comments(source: str) -> str:
    """Blank out comments, and keep every other character's position."""
    return _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source)


def with_c_names(source: str, kernels: tuple[Signature, ...]) -> str:
    """Keep these kernels' names in the compiled source, without changing the lines."""
    plain = _without_comments(source)
    for signature in kernels:
        pattern = re.compile(
            rf"__global__(?=(?:\s+__launch_bounds__\s*\([^()]*\))?\s+(?:static\s+|inline\s+)*void\s+"
            rf"(?:__launch_bounds__\s*\([^()]*\)\s*)?{signature.function}\s*\()"
        )
        # From the back, so that places before stay what they are.
        for match in reversed(list(pattern.finditer(plain))):
            before = plain[: match.start()].rstrip()
            if not before.endswith(('extern "C"', "static")):
                source = f'{source[: match.start()]}extern "C" {source[match.start() :]}'
                plain = f'{plain[: match.start()]}extern "C" {plain[match.start() :]}'
    return source
