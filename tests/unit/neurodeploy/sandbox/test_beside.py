"""Simulators that use packages of ours: found behind their own, and missed where they are gone."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from neurodeploy.errors import SimulatorError, SimulatorMissingError, ValidationError
from neurodeploy.sandbox import framework_environment, install, run_worker, status
from neurodeploy.sandbox.environments import beside
from tests.unit.neurodeploy.sandbox.helpers import VERSION, environment

SPEC = find_spec("psutil")
assert SPEC is not None
assert SPEC.origin is not None
FOLDER = str(Path(SPEC.origin).parents[1])


def test_our_packages_come_behind_the_simulators_own() -> None:
    env = environment(beside=("psutil", "numpy"))
    install(env)
    path = run_worker(env, {"do": "echo", "say": ""}).result["path"]
    assert isinstance(path, list)
    assert path.index(FOLDER) > path.index(str(env.path / f"lib/python{VERSION}/site-packages"))
    assert path.count(FOLDER) == 1
    alone = run_worker(environment(), {"do": "echo", "say": ""}).result["path"]
    assert isinstance(alone, list)
    assert FOLDER not in alone


def test_a_package_that_is_gone_is_a_problem_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    env = environment(beside=("psutil",))
    install(env)
    monkeypatch.setattr(beside, "find_spec", lambda name: None)
    assert "uses psutil, which is not installed beside neurodeploy" in status(env).problem
    with pytest.raises(SimulatorMissingError, match="uses psutil") as caught:
        install(env, reinstall=True)
    assert caught.value.remedy == "pip install psutil"
    with pytest.raises(SimulatorError):
        run_worker(env, {"do": "echo", "say": ""})


def test_another_python_is_another_installation() -> None:
    env = environment(beside=("psutil",))
    install(env)
    record = env.path / "environment.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"python": "3.9.1"}))
    assert "installed for Python 3.9.1" in status(env).problem
    with pytest.raises(ValidationError, match="its Python must be"):
        environment(beside=("psutil",), other_pythons=("3.99",))


@pytest.mark.parametrize("name", ["norse", "rockpool", "sinabs", "snntorch", "spikingjelly"])
def test_every_package_of_a_framework_has_a_checksum(name: str) -> None:
    env = framework_environment(name, Path(__file__), {})
    hashed = env.hashed(full=False)
    assert hashed is not None
    assert sorted(hashed.pins) == sorted({*env.requirements, *env.without_dependencies})
    assert "torch" in env.beside
