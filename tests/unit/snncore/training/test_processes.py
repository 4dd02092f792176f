"""Two processes with half of a batch each learn what one process learns with the whole."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from snncore import training
from tests.unit.snncore.training.worker import CASES, network, train

ROOT = Path(__file__).parents[4]


def torchrun(*arguments: str) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    completed = subprocess.run(
        [*command, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert completed.returncode == 0, completed.stderr[-3000:]


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[float]]]:
    """Return the weights that two processes end with, by case."""
    folder = tmp_path_factory.mktemp("processes")
    path = folder / "weights.json"
    torchrun(str(Path(__file__).with_name("worker.py")), str(path), str(folder))
    weights: dict[str, dict[str, list[float]]] = json.loads(path.read_text())
    return weights


@pytest.mark.parametrize("case", CASES)
def test_two_processes_learn_what_one_does(
    case: str, together: dict[str, dict[str, list[float]]]
) -> None:
    with training.processes() as process:
        alone, weights = train(case, process), together[case]
    assert alone.keys() == weights.keys()
    for name, values in alone.items():
        assert torch.allclose(torch.tensor(values), torch.tensor(weights[name]), atol=2e-5), name
    begun = network(CASES[case][2]).state_dict()
    moved = [name for name, value in begun.items() if value.flatten().tolist() != alone[name]]
    assert len(moved) > len(begun) // 2


@pytest.mark.parametrize("case", ["parallel", "sharded"])
def test_runs_of_two_processes_go_on_to_the_same_bits(
    case: str, together: dict[str, dict[str, list[float]]]
) -> None:
    assert together[f"{case}, resumed"] == together[case]


def test_captured_steps_average_gradients(together: dict[str, dict[str, list[float]]]) -> None:
    with training.processes() as process:
        alone = train("parallel, two batches", process)
    for name, values in alone.items():
        weights = torch.tensor(together["captured"][name])
        assert torch.allclose(torch.tensor(values), weights, atol=2e-5), name
