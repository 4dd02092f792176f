"""The files around network.h and network.c: an example, a self-test, and how to build them.

All lie side by side, so that the folder is a project for make and for CMake, and a library for the
Arduino as it is; what has a `main` is left out there.
"""

from __future__ import annotations

from neurodeploy.target.source.vectors import INCREMENT, MULTIPLIER, PRIME, SEED
from targets.c.project.vectors import vectors
from targets.c.text.network import Network
from targets.c.text.words import indented, loop

_MAIN = """\
/* An example: reads whole numbers, ND_INPUTS of them a step, and prints ND_OUTPUTS of them. */
#ifndef ARDUINO
#include <stdio.h>

#include "network.h"

static nd_network network;

int main(void)
{
    static int32_t input[ND_INPUTS], output[ND_OUTPUTS];
    long value;
    nd_init(&network);
    for (;;) {
        int i;
        for (i = 0; i < ND_INPUTS; i++) {
            if (scanf("%ld", &value) != 1) return i != 0;
            input[i] = (int32_t)value;
        }
        nd_step(&network, input, output);
        for (i = 0; i < ND_OUTPUTS; i++) {
            printf(i + 1 < ND_OUTPUTS ? "%ld " : "%ld\\n", (long)output[i]);
        }
    }
}
#endif
"""
_MAKEFILE = """\
# make: the example. make test: the self-test, which prints its verdict.
CC ?= cc
CFLAGS ?= -O2 -Wall -Wextra

all: network

network: main.c network.c network.h
\t$(CC) -std=c99 $(CFLAGS) main.c network.c -o $@

selftest: selftest.c network.c network.h
\t$(CC) -std=c99 $(CFLAGS) -DND_SELFTEST_MAIN selftest.c network.c -o $@

test: selftest
\t./selftest

clean:
\trm -f network selftest

.PHONY: all test clean
"""
_CMAKE = """\
cmake_minimum_required(VERSION 3.10)
project(nd_network C)
set(CMAKE_C_STANDARD 99)
add_library(nd_network STATIC network.c network.h)
target_include_directories(nd_network PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
add_executable(network main.c)
target_link_libraries(network nd_network)
add_executable(selftest selftest.c)
target_compile_definitions(selftest PRIVATE ND_SELFTEST_MAIN)
target_link_libraries(selftest nd_network)
enable_testing()
add_test(NAME selftest COMMAND selftest)
"""
_ARDUINO = """\
name=nd_network
version=1.0.0
author=neurodeploy
maintainer=neurodeploy
sentence=A spiking network in plain C.
paragraph=nd_init, nd_step and nd_selftest; see network.h.
category=Data Processing
url=https://pypi.org/project/neurodeploy-toolchain/
architectures=*
includes=network.h
"""


def project_files(network: Network) -> dict[str, str]:
    """Return the files around a network by name."""
    return {
        "main.c": _MAIN,
        "selftest.c": _selftest(network),
        "Makefile": _MAKEFILE,
        "CMakeLists.txt": _CMAKE,
        "library.properties": _ARDUINO,
    }


def _selftest(network: Network) -> str:
    """Return selftest.c: draws inputs, and compares a hash of every step with golden's."""
    golden = vectors(network)
    values = ", ".join(f"{value}u" for value in golden.hashes)
    spikes = (golden.low, golden.high) == (0, 1)
    drawn = "(state >> 16) % 4u == 0u"
    if not spikes:
        drawn = f"(int32_t)((state >> 16) % {golden.high - golden.low + 1}u) + ({golden.low})"
    draw = [f"state = state * {MULTIPLIER}u + {INCREMENT}u;", f"input[i] = {drawn};"]
    steps = len(golden.hashes)
    body = [
        *loop("i", "ND_INPUTS", draw),
        "nd_step(&network, input, output);",
        "if (hashed(&network) != golden[step]) return step + 1;",
    ]
    lines = [
        *_BEGINNING,
        f"static const uint32_t golden[{steps}] = {{{values}}};",
        *_MEMORY,
        *indented(_hashing(network)),
        "    return hash;",
        "}",
        "",
        "int32_t nd_selftest(void)",
        "{",
        f"    uint32_t state = {SEED}u;",
        "    int32_t i, step;",
        "    nd_init(&network);",
        *indented(loop("step", steps, body)),
        "    return 0;",
        "}",
        "",
        *_VERDICT,
    ]
    return "\n".join(lines)


def _hashing(network: Network) -> list[str]:
    lines = []
    for layer in network.layers:
        value = network.memory.values[layer.node.name]
        sent = value.pointer(1) if value.slots > 1 else value.pointer()
        arrays = [(f"({sent})", value.words)]
        arrays += [(f"n->{layer.state_field(state)}", layer.size) for state in layer.step.stored]
        for array, length in arrays:
            lines += loop("i", length, [f"hash = hash * {PRIME}u + (uint32_t){array}[i];"])
    return lines


_BEGINNING = [
    "/* Golden vectors: the network runs on inputs that are drawn here, and a hash of all",
    " * spikes and states of every step is compared with that of the definition. */",
    '#include "network.h"',
    "",
    "/* Returns 0 if every step is right, or the number of the first that is wrong. */",
    "int32_t nd_selftest(void);",
    "",
]
_MEMORY = [
    "static nd_network network;",
    "static int32_t input[ND_INPUTS], output[ND_OUTPUTS];",
    "",
    "static uint32_t hashed(const nd_network *n)",
    "{",
    "    uint32_t hash = 0;",
    "    int32_t i;",
]
_VERDICT = [
    "#ifdef ND_SELFTEST_MAIN",
    "#include <stdio.h>",
    "",
    "int main(void)",
    "{",
    "    const int32_t wrong = nd_selftest();",
    "    if (wrong) {",
    '        printf("self-test: step %ld differs\\n", (long)wrong);',
    "        return 1;",
    "    }",
    '    printf("self-test: %d steps equal\\n", (int)(sizeof golden / sizeof golden[0]));',
    "    return 0;",
    "}",
    "#endif",
    "",
]
