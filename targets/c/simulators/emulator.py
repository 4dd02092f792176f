"""Runs a program for a microcontroller in Unicorn, an emulator of processors; for the worker.

The program's samples lie in memory, and it writes its values into memory. Everything is mapped to
the size that it needs: a write beyond it ends the run with an error.
"""

from __future__ import annotations

import importlib
import struct
from dataclasses import dataclass
from typing import Any

PAGE = 1 << 12
STACK = 1 << 20
SAMPLES, VALUES, RETURN = 0x60000000, 0x80000000, 0x00F00000
STACK_TOP = 0x50000000
PAINT = 0xA5

# The start and the linker's map; zig brings the rest.
START = r"""
#include <stdint.h>

void nd_run(int32_t steps, int32_t samples);
void nd_get(void *to, uint32_t size);
void nd_put(const void *from, uint32_t size);
void nd_start(int32_t steps, int32_t samples);

static const uint8_t *in = (const uint8_t *)0x60000000u;
static uint8_t *out = (uint8_t *)0x80000000u;

void nd_get(void *to, uint32_t size)
{
    uint8_t *byte = (uint8_t *)to;
    while (size--) *byte++ = *in++;
}

void nd_put(const void *from, uint32_t size)
{
    const uint8_t *byte = (const uint8_t *)from;
    while (size--) *out++ = *byte++;
}

void nd_start(int32_t steps, int32_t samples)
{
    nd_run(steps, samples);
}
"""
LINKED = """
MEMORY {
    flash (rx) : ORIGIN = 0x01000000, LENGTH = 256M
    ram (rwx) : ORIGIN = 0x20000000, LENGTH = 512M
}
SECTIONS {
    .text : { *(.text*) *(.rodata*) } > flash
    .ARM.exidx : { *(.ARM.exidx*) } > flash
    .data : { *(.data*) *(.sdata*) } > ram
    .bss (NOLOAD) : { *(.bss*) *(.sbss*) *(COMMON) } > ram
}
"""
# By processor: the compiler's words for it.
TARGETS = {
    "cortex-m4": ("thumb-freestanding-eabi", "cortex_m4"),
    "riscv32": ("riscv32-freestanding-none", "generic_rv32+m+c"),
}
FLAGS = (
    *("-Os", "-ffreestanding", "-nostdlib", "-fno-sanitize=all", "-fno-stack-protector"),
    *("-ffunction-sections", "-fdata-sections"),
)
LINKING = ("-Wl,-T,linked.ld", "-Wl,--entry=nd_start", "-Wl,--gc-sections")


class EmulatorError(RuntimeError):
    """A program that the emulated processor could not run."""


@dataclass
class Emulation:
    """The values that a run gave, and what it took of the processor."""

    values: bytes
    instructions: int
    stack: int


def run(processor: str, program: bytes, samples: bytes, counts: tuple[int, int, int]) -> Emulation:
    """Run a program over samples; counts are steps, samples and the bytes that it gives.

    Raises: EmulatorError if the processor stops on the way.
    """
    unicorn = importlib.import_module("unicorn")
    steps, number, size = counts
    machine, registers = _machine(unicorn, processor)
    for address, content, memory in _segments(program):
        _map(machine, address, max(memory, 1))
        machine.mem_write(address, content)
    # A processor looks at the address that it returns to before the run ends there.
    _map(machine, RETURN, PAGE)
    _map(machine, STACK_TOP - STACK, STACK)
    machine.mem_write(STACK_TOP - STACK, bytes([PAINT]) * STACK)
    _map(machine, SAMPLES, max(len(samples), 1))
    machine.mem_write(SAMPLES, samples)
    _map(machine, VALUES, max(size, 1))
    pointer, returned, first, second = registers
    thumb = int(processor == "cortex-m4")
    machine.reg_write(pointer, STACK_TOP - 64)
    machine.reg_write(returned, RETURN | thumb)
    machine.reg_write(first, steps)
    machine.reg_write(second, number)
    counter = _Counter(machine, thumb == 1)
    machine.hook_add(unicorn.UC_HOOK_BLOCK, counter.enter)
    try:
        machine.emu_start(_entry(program) | thumb, RETURN)
    except unicorn.UcError as error:
        raise EmulatorError(f"the emulated {processor} stopped: {error}") from error
    stack = bytes(machine.mem_read(STACK_TOP - STACK, STACK - 64))
    used = len(stack) - next((i for i, byte in enumerate(stack) if byte != PAINT), len(stack))
    return Emulation(bytes(machine.mem_read(VALUES, size)), counter.count, used)


class _Counter:
    """Counts instructions, block by block; each block is decoded once."""

    def __init__(self, machine: Any, thumb: bool) -> None:
        self.machine, self.thumb, self.count = machine, thumb, 0
        self.lengths: dict[tuple[int, int], int] = {}

    def enter(self, machine: Any, address: int, size: int, _: Any) -> None:
        """Count the instructions of the block that begins."""
        key = (address, size)
        if key not in self.lengths:
            code = bytes(machine.mem_read(address, size))
            self.lengths[key] = _instructions(code, self.thumb)
        self.count += self.lengths[key]


def _instructions(code: bytes, thumb: bool) -> int:
    """Return the number of instructions in a block, of two or four bytes each."""
    count = position = 0
    while position < len(code):
        word = code[position] | code[position + 1] << 8
        long = word >> 11 in (0b11101, 0b11110, 0b11111) if thumb else word & 3 == 3
        position += 4 if long else 2
        count += 1
    return count


def _machine(unicorn: Any, processor: str) -> tuple[Any, tuple[int, int, int, int]]:
    """Return an emulated processor, and its stack pointer, return address and arguments."""
    if processor == "cortex-m4":
        names = importlib.import_module("unicorn.arm_const")
        mode = unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS
        machine = unicorn.Uc(unicorn.UC_ARCH_ARM, mode)
        machine.ctl_set_cpu_model(names.UC_CPU_ARM_CORTEX_M4)
        registers = ("SP", "LR", "R0", "R1")
        return machine, tuple(getattr(names, f"UC_ARM_REG_{each}") for each in registers)
    names = importlib.import_module("unicorn.riscv_const")
    machine = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
    registers = ("SP", "RA", "A0", "A1")
    return machine, tuple(getattr(names, f"UC_RISCV_REG_{each}") for each in registers)


def _map(machine: Any, address: int, size: int) -> None:
    """Map the pages that hold a range, but the first if what stands before it has mapped it."""
    first, after = address // PAGE, (address + size - 1) // PAGE + 1
    if any(low <= first * PAGE <= high for low, high, _ in machine.mem_regions()):
        first += 1
    if after > first:
        machine.mem_map(first * PAGE, (after - first) * PAGE)


def _entry(program: bytes) -> int:
    return int(struct.unpack_from("<I", program, 24)[0]) & ~1


def _segments(program: bytes) -> list[tuple[int, bytes, int]]:
    """Return address, content and size in memory of what an ELF file loads."""
    if program[:5] != b"\x7fELF\x01":
        raise EmulatorError("the program is not an ELF file of 32 bits")
    (start,) = struct.unpack_from("<I", program, 28)
    size, count = struct.unpack_from("<HH", program, 42)
    segments = []
    for index in range(count):
        kind, offset, address, _, length, memory = struct.unpack_from(
            "<6I", program, start + index * size
        )
        if kind == 1:
            segments.append((address, program[offset : offset + length], memory))
    return segments


def sections(compiled: bytes) -> tuple[int, int]:
    """Return the bytes of an object file that lie in flash, and those that lie in RAM."""
    (start,) = struct.unpack_from("<I", compiled, 32)
    size, count = struct.unpack_from("<HH", compiled, 46)
    flash = ram = 0
    for index in range(count):
        _, kind, flags, _, _, length = struct.unpack_from("<6I", compiled, start + index * size)
        # Flags: bit 1 is writable, bit 2 in memory; kind 8 has no content.
        if flags & 2 and flags & 1:
            ram += length
        if flags & 2 and kind != 8:
            flash += length
    return flash, ram
