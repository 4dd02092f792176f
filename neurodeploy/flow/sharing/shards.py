"""A verification whose samples are dealt in shards to workers, on this machine or on several."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import verification
from neurodeploy.artifact import Artifact
from neurodeploy.data.samples_file import read_samples
from neurodeploy.flow import pipeline
from neurodeploy.flow.inputs import LoadedModel, drawn_samples, read_network
from neurodeploy.flow.proving import with_proofs
from neurodeploy.flow.reading import is_foreign, read_file, reader_of
from neurodeploy.flow.sharing.merging import Shard, merged
from neurodeploy.flow.sharing.parcel import digest
from neurodeploy.flow.sharing.tasks import Tasks
from neurodeploy.flow.sharing.work import Item
from neurodeploy.flow.simulators import install_simulators
from neurodeploy.graph import Graph
from neurodeploy.program import Program
from neurodeploy.report import Report
from neurodeploy.report.plain import plain_report, report_of
from neurodeploy.sandbox import Limits
from neurodeploy.target import Simulation, naming, open_artifact, target

# The samples of a shard, unless somebody says so: seconds of work for most networks.
SAMPLES = 64


@dataclass(frozen=True)
class ShardedVerification:
    """An artifact and the way to verify it; every worker reads the files again."""

    artifact: Path
    model: Path | None = None
    build: str | None = None
    simulator: str | None = None
    limits: Limits | None = None
    # Install missing simulators, on every machine.
    install: bool = False
    proofs: bool = False
    # Words for another writer's file: dt, profile and its options.
    reading: Mapping[str, Any] = field(default_factory=dict)

    def report(
        self, samples: Any, labels: NDArray[Any] | None, tasks: Tasks, size: int = SAMPLES
    ) -> Report:
        """Return the report over samples (T, N, ...) or seeded `RandomSamples`, in shards.

        The size of a shard decides what is computed together, and the number of workers does not.

        Raises:
            SamplesError: if the samples do not fit the network.
            ArtifactError: if the artifact cannot be read.
            SimulatorError: if workers are lost again and again.
        """
        opened = open_artifact(self.artifact)
        network = self._network(opened)
        values: NDArray[Any] = np.asarray(drawn_samples(network, samples))
        with tempfile.TemporaryDirectory(prefix="neurodeploy-shards-") as folder:
            files = _written(values, labels, size, Path(folder))
            items = [self._item(path) for path in files]
            reports = tasks.run(verify_shard, items)
        shards = [
            Shard(report_of(data), first, min(size, values.shape[1] - first))
            for data, first in zip(reports, range(0, values.shape[1], size), strict=True)
        ]
        report = merged(shards, len(values), str(opened.path) if opened.path else None)
        if not is_foreign(opened):
            meaning = verification.meaning_of(network, values[:, : verification.PICTURED])
            report = replace(report, trace=meaning.shown)
        return with_proofs(report, opened, tasks.progress) if self.proofs else report

    def _network(self, opened: Artifact) -> Program | Graph:
        if is_foreign(opened):
            return read_file(opened, self.model, self.reading).foreign.graph
        with naming(opened):
            return verification.subject_of(opened).network

    def _item(self, samples: Path) -> Item:
        paths = {"artifact": self.artifact.resolve(), "samples": samples}
        if self.model is not None:
            paths["model"] = self.model.resolve()
        limits = None if self.limits is None else [self.limits.seconds, self.limits.memory_mb]
        return {
            "files": {name: str(path) for name, path in paths.items()},
            "digests": {name: digest(path) for name, path in paths.items()},
            "folder": str(Path.cwd()),
            "build": self.build,
            "simulator": self.simulator,
            "limits": limits,
            "install": self.install,
            "reading": dict(self.reading),
        }


def _written(
    samples: NDArray[Any], labels: NDArray[Any] | None, size: int, folder: Path
) -> list[Path]:
    """Write each shard to a file of its own."""
    paths = []
    for first in range(0, samples.shape[1], size):
        part = slice(first, first + size)
        arrays: dict[str, Any] = {"samples": samples[:, part]}
        arrays |= {} if labels is None else {"labels": labels[part]}
        paths.append(folder / f"samples-{first}.npz")
        np.savez(paths[-1], **arrays)
    return paths


def verify_shard(item: Item) -> dict[str, Any]:
    """Return the report on one shard as plain data; runs on any machine."""
    files = {name: Path(path) for name, path in item["files"].items()}
    if Path(item["folder"]).is_dir():
        # A user's function is imported from there.
        os.chdir(item["folder"])
    samples, labels = read_samples(files["samples"])
    model = None
    if "model" in files:
        model = LoadedModel(read_network(files["model"], item["build"]), files["model"])
    opened = open_artifact(files["artifact"])
    if item["install"]:
        asked = item["simulator"] or reader_of(opened, item["reading"].get("profile"))
        install_simulators(target(opened.target), asked)
    limits = None if item["limits"] is None else Limits(*item["limits"])
    report = pipeline.verified(
        opened,
        model=model,
        samples=samples,
        labels=labels,
        simulator=item["simulator"],
        simulation=Simulation(limits),
        **item["reading"],
    )
    return plain_report(report)
