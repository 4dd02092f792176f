"""Classes of a framework compute the same values and the same gradients as ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from neurodeploy.sandbox import Environment, framework_environment, install, run_worker
from targets.nir.simulators.receivers.run import RECEIVERS
from tests.packaging.tree import ROOT

WORKER = Path(__file__).with_name("pairs_worker.py")
LEAST = {"spikingjelly": 60, "snntorch": 20}
# These sum floats in another order.
ROUNDED = ("WSConv2d", "WSLinear", "MultiDimensionalAttention")
# A hard reset of theirs passes no gradient where neither 1 nor -1 was sent: |s| has no slope there.
OTHER_SLOPES = {f"Ternary{kind}{rest}" for kind in ("IF", "LIF") for rest in ("", " to -.25")}
# In units of the largest gradient; of one number that many neurons share, of the sum of theirs.
SINGLE = 1e-6
# In double precision only the formulas count; snnTorch's spikes are in single precision there too.
DOUBLE = {"spikingjelly": 1e-12, "snntorch": 1e-6}
# From double precision, to which single precision is off at every step.
ROUNDING = 5e-6


@pytest.fixture(scope="module", params=LEAST)
def pairs(request: pytest.FixtureRequest, full: bool) -> tuple[Environment, dict[str, Any]]:
    """Every pair of a framework, compared in its sandbox by one process."""
    install(RECEIVERS[request.param])
    environment = framework_environment(request.param, WORKER, {})
    job = {"path": [str(ROOT)], "framework": request.param}
    size = {"steps": 64, "seeds": 20} if full else {"steps": 16, "seeds": 1}
    return environment, run_worker(environment, job | size).result


def test_every_pair_was_run(pairs: tuple[Environment, dict[str, Any]]) -> None:
    environment, results = pairs
    assert {name: each for name, each in results.items() if "error" in each} == {}
    assert len(results) >= LEAST[environment.name]
    assert {
        name for name, each in results.items() if not each["fired"] or not each["steep"]
    } == set()


def test_values_are_the_same_bits(pairs: tuple[Environment, dict[str, Any]]) -> None:
    _, results = pairs
    differing = {name: each for name, each in results.items() if each["differ"]}
    assert {name: each for name, each in differing.items() if not name.startswith(ROUNDED)} == {}
    assert {name: each for name, each in differing.items() if not each["apart"] <= 1e-6} == {}


def test_gradients_are_the_same(pairs: tuple[Environment, dict[str, Any]]) -> None:
    environment, results = pairs
    other = {
        name for name, each in results.items() if not each["exact"] <= DOUBLE[environment.name]
    }
    assert other == OTHER_SLOPES & set(results)
    alike = {name: each for name, each in results.items() if name not in OTHER_SLOPES}
    assert {name: each for name, each in alike.items() if not each["gradient"] <= SINGLE} == {}


def test_neither_is_further_from_double_precision(
    pairs: tuple[Environment, dict[str, Any]],
) -> None:
    _, results = pairs
    alike = {name: each for name, each in results.items() if name not in OTHER_SLOPES}
    assert sum(each["ours"] > 0 for each in alike.values()) > len(alike) / 2
    for who in ("theirs", "ours"):
        assert {name: each for name, each in alike.items() if not each[who] <= ROUNDING} == {}
