"""Kernels compiled for a GPU that need not be there; a script for a process of its own.

It prints, as JSON, what each uses: registers, bytes of stack, and the width of its memory accesses.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from snncore import neuron
from snncore.kernels.loop.plan import KernelPlan
from snncore.kernels.triton.loop import compiled as kernel_of
from snncore.kernels.triton.shape import (
    Shape,
    TritonConfig,
    backward_config,
    forward_config,
    segmented,
)
from snncore.kernels.triton.source import backward_source, forward_source

TOOL = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
MANY = 1 << 21
OPTIONS = {"num_stages": 1, "enable_fp_fusion": False}


def compiled(
    plan: KernelPlan, steps: int, kind: str, config: TritonConfig, backward: bool, capability: int
) -> Any:
    """Compile the kernel for this architecture, without initial and last states."""
    segments, rest = segmented(steps, config.segment)
    shape = Shape(
        segments=min(segments, 1),
        segment=config.segment,
        rest=rest,
        chunk=config.chunk,
        masked=False,
        initial=False,
        final=False,
        pack=config.pack,
        ahead=backward and config.ahead,
        inputs=plan.step.inputs if backward else (),
    )
    source = (backward_source if backward else forward_source)(plan, shape)
    kernel = kernel_of(source, "backward" if backward else "forward")
    constants = {"SEGMENTS": segments, "BLOCK": config.block}
    signature, aligned = {}, {}
    for index, name in enumerate(kernel.arg_names):
        if name in constants:
            signature[name] = "constexpr"
            continue
        signature[name] = "i32" if name == "N" else "*fp32" if name == "noted" else f"*{kind}"
        aligned[(index,)] = [["tt.divisibility", 16]]
    return triton.compile(
        ASTSource(kernel, signature, constexprs=constants, attrs=aligned),
        target=GPUTarget("cuda", capability, 32),
        options={"num_warps": config.warps, **OPTIONS},
    )


def usage(kernel: Any) -> dict[str, Any]:
    """Return the resources that the assembled kernel uses."""
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(kernel.asm["cubin"])
        file.flush()
        report = subprocess.run(
            [TOOL, "-res-usage", file.name], capture_output=True, text=True, check=True
        ).stdout
    resources = re.search(r"REG:(\d+) STACK:(\d+)", report)
    assert resources is not None, report
    loads = re.findall(r"ld\.global(?:\.v(\d))?\S*\.b(\d+)", kernel.asm["ptx"])
    loads = loads or re.findall(r"ld\.global(?:\.L\S+?)?(?:\.v(\d))?\.\w(\d+)", kernel.asm["ptx"])
    widths = sorted({int(count or 1) * int(bits) // 8 for count, bits in loads})
    return {"registers": int(resources[1]), "stack": int(resources[2]), "bytes": widths}


def planned(make: Any) -> KernelPlan:
    """Return a neuron's plan with its parameters as numbers."""
    module = make(learnable=())
    constants = {name: float(getattr(module, name)) for name in module.equations.parameters}
    initial = tuple(module.initial.get(name, 0.0) for name in module.equations.states)
    return KernelPlan(
        module.equations, module.surrogate.gradient, tuple(constants.items()), initial
    )


def row(make: Any, kind: str, steps: int, backward: bool, capability: int) -> dict[str, Any]:
    """Return the resources of one kernel in the form that a large layer gets."""
    plan, itemsize = planned(make), 4 if kind == "fp32" else 2
    config = forward_config(steps, MANY, itemsize)
    if backward:
        config = backward_config(plan, steps, MANY, itemsize)
    used = usage(compiled(plan, steps, kind, config, backward, capability))
    where = [make.__name__, kind, steps, "backward" if backward else "forward", capability]
    return {"kernel": where, "warps": config.warps, **used}


def main() -> None:
    """Compile LIF in many sizes, and CUBA LIF on two architectures."""
    rows = [
        row(neuron.LIF, kind, steps, backward, 90)
        for kind in ("fp32", "bf16")
        for steps in (4, 64)
        for backward in (False, True)
    ]
    rows += [row(neuron.CubaLIF, "bf16", 16, True, capability) for capability in (80, 90)]
    sys.stdout.write(json.dumps(rows))


if __name__ == "__main__":
    main()
