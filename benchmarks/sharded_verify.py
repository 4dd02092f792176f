"""A verification through Lava in shards: the same bytes for 1, 2 and 4 workers, and the time.

Workers are processes of this machine, then those of a Ray cluster on it. The last line says what a
million samples would take in Lava at the measured rate.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from _common import SCRATCH
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.flow.sharing.shards import ShardedVerification
from neurodeploy.flow.sharing.tasks import Tasks
from snncore import layer, neuron

STEPS, SHARD = 16, 16


def main() -> None:
    """Print a row for every number of workers; `--samples N` chooses how many samples."""
    words = sys.argv[1:]
    count = int(words[1]) if words[:1] == ["--samples"] else 128
    artifact = exported()
    samples = (np.random.default_rng(0).random((STEPS, count, 64)) < 0.3).astype(np.uint8)
    reports, rates = set[str](), []
    for cluster in (None, "local"):
        for workers in (1, 2, 4):
            started = time.perf_counter()
            tasks = Tasks(workers, cluster=cluster)
            report = ShardedVerification(artifact).report(samples, None, tasks, SHARD)
            seconds = time.perf_counter() - started
            if not report.equal:
                raise SystemExit(report.to_text())
            reports.add(report.to_json())
            rates.append(count / seconds)
            name = "Ray" if cluster else "processes"
            print(f"{workers} workers ({name}): {seconds:.1f} s, {rates[-1] / rates[0]:.2f} times")
    if len(reports) > 1:
        raise SystemExit("the reports are not the same")
    hours = 1e6 / max(rates) / 3600
    print(
        f"one report of {len(reports.pop()):,} bytes; {count} samples of {STEPS} steps, "
        f"{os.cpu_count()} cores; a million samples: {hours:.0f} hours of this machine"
    )


def exported() -> Path:
    """Return the folder of a small network for Loihi."""
    torch.manual_seed(0)
    net = nn.Sequential(layer.Linear(64, 64), neuron.CubaLIF(), layer.Linear(64, 10))
    net.append(neuron.CubaLIF())
    example = (torch.rand(STEPS, 8, 64) < 0.3).float()
    prepared = quant.prepare(net, target="loihi", example=example)
    path = SCRATCH / "sharded"
    nd.export(prepared, target="loihi", path=path, example=example)
    return path


if __name__ == "__main__":
    main()
