"""A verification in shards gives the report of the whole, whoever computes it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neurodeploy as nd
import quant
from neurodeploy.flow import pipeline
from neurodeploy.flow.inputs import RandomSamples
from neurodeploy.flow.sharing.shards import ShardedVerification
from neurodeploy.flow.sharing.tasks import Tasks
from neurodeploy.report import Report
from neurodeploy.report.plain import plain_report, report_of
from neurodeploy.verification import RUN_TIMES
from snncore import layer, neuron

_COUNT = 10


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Any, Any]:
    """A model, its artifact, samples and labels."""
    folder = tmp_path_factory.mktemp("shards")
    torch.manual_seed(1)
    rng = np.random.default_rng(0)
    samples = (rng.random((6, _COUNT, 9)) < 0.5).astype(np.uint8)
    net = torch.nn.Sequential(layer.Linear(9, 12), neuron.IF(0.4), layer.Linear(12, 3))
    net.append(neuron.IF(0.4))
    prepared = quant.prepare(net, target="onnx", example=torch.from_numpy(samples).float())
    nd.save(prepared, folder / "model.pt", example=torch.from_numpy(samples).float())
    nd.export(prepared, target="onnx", path=folder / "out", model_file=folder / "model.pt")
    return folder / "model.pt", folder / "out", samples, rng.integers(0, 3, _COUNT)


def plain(report: Report) -> dict[str, Any]:
    """Return a report without times, and without the last bits of averages."""
    facts = {name: words for name, words in report.facts.items() if name not in RUN_TIMES}
    links = tuple(replace(link, seconds=0.0) for link in report.links)
    document = json.loads(replace(report, links=links, facts=facts).to_json())
    rounded: dict[str, Any] = json.loads(
        json.dumps(document), parse_float=lambda text: round(float(text), 9)
    )
    return rounded


@pytest.mark.parametrize("size", [3, 5, 64])
def test_shards_give_the_report_of_the_whole(
    subject: tuple[Path, Path, Any, Any], size: int
) -> None:
    model, artifact, samples, labels = subject
    whole = pipeline.verified(artifact, model=model, samples=samples, labels=labels)
    shared = ShardedVerification(artifact, model).report(samples, labels, Tasks(), size)
    assert whole.equal
    assert plain(shared) == plain(whole)
    assert shared.trace is not None
    assert whole.trace is not None
    shown = whole.trace.arrays()
    assert all((shown[name] == values).all() for name, values in shared.trace.arrays().items())


def test_one_worker_and_a_cluster_give_the_same_bytes(
    subject: tuple[Path, Path, Any, Any], cluster: str, tmp_path: Path
) -> None:
    model, artifact, samples, labels = subject
    work = ShardedVerification(artifact, model, simulator="none")
    one = work.report(samples, labels, Tasks(), 4)
    kept = Tasks(cluster=cluster, kept=tmp_path)
    many = work.report(samples, labels, kept, 4)
    assert one.to_json() == many.to_json()
    assert one.to_html() == many.to_html()
    # What was kept is not computed again, wherever the files lie now.
    lines: list[str] = []
    work.report(samples, labels, replace(kept, cluster="nowhere:1", progress=lines.append), 4)
    assert lines == ["3 of 3 tasks are done"]


def test_a_difference_is_counted_in_the_samples_of_the_whole(
    subject: tuple[Path, Path, Any, Any], tmp_path: Path
) -> None:
    _, artifact, samples, _ = subject
    other = torch.nn.Sequential(layer.Linear(9, 12), neuron.IF(0.4), layer.Linear(12, 3))
    other.append(neuron.IF(0.4))
    torch.manual_seed(2)
    other.apply(lambda each: each.reset_parameters() if hasattr(each, "reset_parameters") else None)
    prepared = quant.prepare(other, target="onnx", example=torch.from_numpy(samples).float())
    nd.save(prepared, tmp_path / "model.pt", example=torch.from_numpy(samples).float())
    # The first samples are silent, so that the difference is in a later shard.
    quiet = samples.copy()
    quiet[:, :7] = 0
    whole = pipeline.verified(artifact, model=tmp_path / "model.pt", samples=quiet)
    shared = ShardedVerification(artifact, tmp_path / "model.pt").report(quiet, None, Tasks(), 4)
    assert whole.exit_code == shared.exit_code == 1
    assert whole.first_divergence is not None
    assert whole.first_divergence.sample >= 7
    assert shared.first_divergence == whole.first_divergence


def test_samples_are_drawn_once(subject: tuple[Path, Path, Any, Any]) -> None:
    _, artifact, *_ = subject
    drawn = RandomSamples(5, 7, 0.4, 3)
    whole = pipeline.verified(artifact, samples=drawn, simulator="none")
    shared = ShardedVerification(artifact, simulator="none").report(drawn, None, Tasks(), 2)
    assert plain(shared) == plain(whole)


def test_reports_go_through_plain_data(subject: tuple[Path, Path, Any, Any]) -> None:
    model, artifact, samples, labels = subject
    report = pipeline.verified(artifact, model=model, samples=samples, labels=labels)
    data = json.loads(json.dumps(plain_report(report)))
    assert report_of(data).to_json() == report.to_json()
    with pytest.raises(KeyError):
        report_of({key: value for key, value in data.items() if key != "title"})
