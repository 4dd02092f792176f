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
from snncore.kernels.plan import Plan
from snncore.kernels.triton_loop import (
    SEGMENT,
    Config,
    backward_config,
    backward_kernel,
    forward_config,
    forward_kernel,
)
from snncore.kernels.triton_source import Shape, parted

TOOL = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
MANY = 1 << 21
OPTIONS = {"num_stages": 1, "enable_fp_fusion": False}


def compiled(plan: Plan, steps: int, kind: str, config: Config, backward: bool) -> Any:
    """The kernel for sm_90, without initial and last states."""
    segments, rest = parted(steps, SEGMENT)
    shape = Shape(
        segments=min(segments, 1),
        segment=SEGMENT,
        rest=rest,
        chunk=config.chunk,
        masked=False,
        initial=False,
        final=False,
        noted=segments > 0 and not backward,
        inputs=plan.step.inputs if backward else (),
    )
    kernel = (backward_kernel if backward else forward_kernel)(plan, shape)
    constants = {"SEGMENTS": segments, "BLOCK": config.block}
    signature, aligned = {}, {}
    for place, name in enumerate(kernel.arg_names):
        if name in constants:
            signature[name] = "constexpr"
            continue
        signature[name] = "i32" if name == "N" else "*fp32" if name == "noted" else f"*{kind}"
        aligned[(place,)] = [["tt.divisibility", 16]]
    return triton.compile(
        ASTSource(kernel, signature, constexprs=constants, attrs=aligned),
        target=GPUTarget("cuda", 90, 32),
        options={"num_warps": config.warps, **OPTIONS},
    )


def usage(kernel: Any) -> dict[str, Any]:
    """What the assembled kernel uses."""
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(kernel.asm["cubin"])
        file.flush()
        report = subprocess.run(
            [TOOL, "-res-usage", file.name], capture_output=True, text=True, check=True
        ).stdout
    found = re.search(r"REG:(\d+) STACK:(\d+)", report)
    assert found is not None, report
    loads = re.findall(r"ld\.global(?:\.v(\d))?\S*\.b(\d+)", kernel.asm["ptx"])
    loads = loads or re.findall(r"ld\.global(?:\.L\S+?)?(?:\.v(\d))?\.\w(\d+)", kernel.asm["ptx"])
    widths = sorted({int(count or 1) * int(bits) // 8 for count, bits in loads})
    return {"registers": int(found[1]), "stack": int(found[2]), "bytes": widths}


def main() -> None:
    """LIF and CUBA LIF, with the measures that a large layer gets."""
    rows = []
    for make in (neuron.LIF, neuron.CubaLIF):
        module = make()
        constants = {name: float(getattr(module, name)) for name in module.equations.parameters}
        plan = Plan(module.equations, module.surrogate.gradient, tuple(constants.items()))
        for kind, itemsize in (("fp32", 4), ("bf16", 2)):
            for steps in (4, 16, 64):
                for backward in (False, True):
                    config = forward_config(MANY)
                    if backward:
                        config = backward_config(plan, steps, MANY, itemsize)
                    used = usage(compiled(plan, steps, kind, config, backward))
                    where = [make.__name__, kind, steps, "backward" if backward else "forward"]
                    rows.append({"kernel": where, "warps": config.warps, **used})
    sys.stdout.write(json.dumps(rows))


if __name__ == "__main__":
    main()
