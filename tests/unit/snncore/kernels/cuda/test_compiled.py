"""The CUDA kernels as a compiler for GPUs sees them: they compile, and fit the registers."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from snncore import neuron
from snncore.kernels.cuda.shape import backward_config, forward_config
from snncore.kernels.cuda.source import CudaForm, backward_source, forward_source, step_of
from snncore.kernels.launch.build import Options, build, missing
from snncore.kernels.loop.plan import KernelPlan

# On Linux the development tools bring NVRTC, so that its absence is a failure there.
UNCOMPILED = missing() is not None and sys.platform != "linux"

pytestmark = pytest.mark.skipif(UNCOMPILED, reason=f"not run: {missing()}")

MANY = 1 << 21
KINDS = {"float32": 4, "float16": 2, "bfloat16": 2}
# Name, learned parameters, input type, steps.
CASES = [
    ("LIF", (), "float32", 64),
    ("LIF", (), "float16", 16),
    ("ParametricLIF", ("w",), "bfloat16", 64),
    ("CubaLIF", (), "float32", 4),
    ("Izhikevich", (), "bfloat16", 64),
]


def sources(name: str, learned: tuple[str, ...], kind: str, steps: int) -> list[str]:
    """Return both kernels, with the measures that a large layer gets."""
    module = getattr(neuron, name)()
    names = module.equations.parameters
    values = {key: float(torch.as_tensor(getattr(module, key)).detach()) for key in names}
    constants = tuple((key, value) for key, value in values.items() if key not in learned)
    plan = KernelPlan(module.equations, module.surrogate.gradient, constants)
    step = step_of(plan, learned)
    texts = []
    for back in (False, True):
        size = KINDS[kind]
        config = forward_config(steps, MANY, size)
        if back:
            config = backward_config(plan.step, len(learned), steps, MANY, size)
        chunks = (steps - 1) // config.chunk
        form = CudaForm(
            kind,
            config.lanes,
            config.threads,
            config.chunk,
            steps - chunks * config.chunk,
            looped=chunks > 0,
            initial=False,
            final=False,
            span=config.span,
            wanted=("x",) if back else (),
            learned=learned if back else (),
        )
        texts.append((backward_source if back else forward_source)(step, form))
    return texts


def usage(log: str) -> tuple[int, int]:
    """Return the registers used, and the bytes that do not fit them."""
    registers = re.search(r"Used (\d+) registers", log)
    spilled = re.search(r"(\d+) bytes spill stores", log)
    assert registers is not None, log
    assert spilled is not None, log
    return int(registers[1]), int(spilled[1])


@pytest.mark.parametrize(("name", "learned", "kind", "steps"), CASES)
def test_kernels_fit_the_registers_of_an_h200(
    name: str, learned: tuple[str, ...], kind: str, steps: int
) -> None:
    # Sixteen steps of four neurons in one piece are fastest with fewer threads at a time.
    back = 168 if (kind, steps) == ("float16", 16) else 128
    for source, most in zip(sources(name, learned, kind, steps), (72, back), strict=True):
        registers, spilled = usage(build(source, Options(), "sm_90").log)
        assert spilled == 0
        assert registers <= most


def memory_accesses(source: str) -> list[str]:
    """Return the instructions that access memory, in the order of the program."""
    spec = find_spec("triton")
    assert spec is not None
    assert spec.origin is not None
    tool = Path(spec.origin).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
    binary = build(source, Options(), "sm_90").binary
    completed = subprocess.run([tool, "-sass", binary], capture_output=True, text=True, check=True)
    return re.findall(r"\b((?:LDG|STG|LDGSTS|LDL|STL)\.[\w.]+)", completed.stdout)


def test_loads_are_wide_and_asked_for_before_anything_is_written() -> None:
    forward, backward = map(memory_accesses, sources("LIF", (), "float32", 16))
    assert all(".64" in access for access in forward)
    stores = [index for index, access in enumerate(forward) if access.startswith("STG")]
    assert len(stores) == 16
    assert stores[0] >= 8
    # The input and the gradient of every step, before the first gradient of an input.
    assert sum(access.startswith("LDG") for access in backward[:32]) == 32
    long = memory_accesses(sources("LIF", (), "bfloat16", 64)[1])
    assert any(access.startswith("LDGSTS") for access in long)
    assert not any(access.startswith(("LDL", "STL")) for access in long)


@pytest.mark.parametrize("architecture", ["sm_75", "sm_100"])
def test_older_and_newer_chips_take_them(architecture: str) -> None:
    for source in sources("LIF", (), "bfloat16", 64):
        assert usage(build(source, Options(), architecture).log)[1] == 0


def test_a_kernel_that_spills_is_seen() -> None:
    body = "float a[200];\n#pragma unroll\nfor (int i = 0; i < 200; i++) a[i] = x[i * n];\n"
    body += "__syncthreads();\n#pragma unroll\nfor (int i = 199; i >= 0; i--) x[i] = a[i] * a[0];\n"
    source = f'extern "C" __global__ void __launch_bounds__(1024) f(float *x, int n) {{\n{body}}}\n'
    assert usage(build(source, Options(), "sm_90").log)[1] > 0
