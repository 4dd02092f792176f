"""The inputs of a verification: random samples, and the file of a network."""

from math import nan
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.data.files import digest_of
from neurodeploy.errors import ValidationError
from neurodeploy.flow.inputs import LoadedModel


@pytest.mark.parametrize(
    "fields", [{"steps": 0}, {"count": 0}, {"rate": 1.5}, {"rate": nan}, {"seed": -1}]
)
def test_samples_that_cannot_be_drawn_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="such as RandomSamples"):
        nd.RandomSamples(**fields)


def test_a_report_knows_the_samples_and_the_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(quant.Linear(4, 3), quant.CubaLIF(threshold=0.1))
    path = tmp_path / "model.pt"
    nd.save(network, path)
    nd.export(network, target="loihi", path=tmp_path / "out", model_file=path)
    drawn, other = nd.RandomSamples(5, 2, 0.5, 1), tmp_path / "other.pt"
    nd.save(nn.Sequential(quant.Linear(4, 3), quant.CubaLIF(threshold=0.2)), other)
    same, changed = (
        nd.verify(
            tmp_path / "out", model=LoadedModel(network, file), samples=drawn, simulator="none"
        )
        for file in (path, other)
    )
    assert same.equal
    assert same.facts["samples"].startswith("2 of 5 steps")
    assert same.facts["model"] == digest_of(path)
    assert "exported from" not in same.facts
    assert changed.facts["exported from"] == f"{digest_of(path)}, another file"
