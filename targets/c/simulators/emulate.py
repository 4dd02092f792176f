"""The memory and the instructions of a network on an emulated processor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.chips.resources import Emulation
from neurodeploy.errors import SimulatorError
from neurodeploy.sandbox import Call, Limits, run_many
from neurodeploy.simulator import run_golden
from neurodeploy.target.source.vectors import drawn_samples
from targets.c.compile import HEADER, SOURCE
from targets.c.simulators.harness import bare_harness
from targets.c.simulators.simulate import ZIG
from targets.c.text.network import Network

TITLES = {"cortex-m4": "Arm Cortex-M4", "riscv32": "RISC-V, RV32IMC"}


def emulation_of(
    artifact: Artifact,
    network: Network,
    processor: str,
    progress: Callable[[str], None] | None = None,
) -> Emulation:
    """Return what an artifact's text takes, once its outputs are golden's.

    Raises:
        SimulatorError: if the emulator is missing or fails, or the outputs are not golden's.
    """
    program = network.program
    samples = np.asarray(drawn_samples(program), np.int64)
    files = {name: bytes(artifact.files[name]).decode("ascii") for name in (HEADER, SOURCE)}
    files["harness.c"] = bare_harness()
    size = network.memory.values[program.output].size
    sent, numbers = ran(files, samples, size, processor, progress)
    golden = run_golden(program, samples)[program.output].values["s"]
    if not np.array_equal(sent.ravel(), golden.ravel()):
        raise SimulatorError(
            f"{TITLES[processor]}: its outputs are not golden's",
            remedy="run neurodeploy verify on the artifact",
        )
    return Emulation(
        processor,
        TITLES[processor],
        numbers["flash"],
        network.ram,
        numbers["stack"],
        numbers["instructions"],
        samples.shape[0] * samples.shape[1],
        (ZIG.title,),
    )


def ran(
    files: Mapping[str, str],
    samples: NDArray[Any],
    outputs: int,
    processor: str,
    progress: Callable[[str], None] | None = None,
) -> tuple[NDArray[np.int32], Mapping[str, int]]:
    """Return the outputs (T, N, outputs) of a text and its harness, and what they took.

    Raises:
        SimulatorError: if the emulator is missing, or fails.
    """
    steps, count = samples.shape[:2]
    network = {"files": dict(files), "counts": [steps, count, 4 * steps * count * outputs]}
    job: dict[str, Any] = {"toolchain": processor, "networks": [network]}
    rows = samples.reshape(steps, count, -1).swapaxes(0, 1)
    arrays = {"samples0": np.ascontiguousarray(rows, dtype=np.int32)}
    (result,) = run_many(ZIG, [Call(job, arrays, Limits(600, 4096))], progress=progress)
    sent = np.frombuffer(result.arrays["network0"].tobytes(), "<i4").reshape(count, steps, outputs)
    measured: Any = result.result["measured"]
    return sent.swapaxes(0, 1), measured[0]
