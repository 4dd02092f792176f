"""`simulators` and `doctor`, with an environment that needs no packages."""

import sys
from pathlib import Path

import pytest

from neurodeploy.proof import SOLVERS
from neurodeploy.sandbox import Environment
from neurodeploy.target import targets
from tests.unit.neurodeploy.cli.helpers import Caller, refused
from tests.unit.neurodeploy.sandbox.helpers import VARIABLE, environment


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and the one simulator `plain`."""
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(VARIABLE, sys.executable)
    monkeypatch.setattr(
        "neurodeploy.cli.commands.machine.simulators.environments",
        lambda: {"plain": environment(disk_mb=7)},
    )
    return tmp_path / "cache"


def test_install_list_test_and_remove(call: Caller, cache: Path) -> None:
    (missing,) = call("simulators", "--json").document["simulators"]
    assert (missing["state"], missing["disk_mb"]) == ("missing", 7)
    done = call("simulators", "install", "plain")
    assert done.code == 0
    assert "takes 7 MB" in done.err
    assert "Plain is installed in " in done.out
    assert "installed" in call("simulators", "list").out
    tested = call("simulators", "doctor", "--json")
    assert tested.code == 0
    assert tested.document["simulators"][0]["self_test"]["said"] == "ready"
    assert "self-test passed" in call("simulators", "doctor").out
    again = call("simulators", "install", "plain", "--json").document
    assert again["state"] == "installed"
    assert "takes" in call("simulators", "install", "plain", "--reinstall").err
    assert call("simulators", "remove", "plain", "--json").document["removed"] is True
    assert call("simulators", "remove", "plain", "--json").document["removed"] is False
    assert list((cache / "simulators").iterdir()) == []


def test_all_are_installed_at_once(
    call: Caller, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = {name: environment(name=name) for name in ("plain", "other")}
    monkeypatch.setattr("neurodeploy.cli.commands.machine.simulators.environments", lambda: both)
    document = call("simulators", "install", "all", "--json").document
    assert [each["name"] for each in document["simulators"]] == ["plain", "other"]
    assert {each["state"] for each in document["simulators"]} == {"installed"}
    assert sorted(each.name for each in (cache / "simulators").iterdir()) == ["other", "plain"]


def test_a_broken_one_is_exit_code_four(call: Caller, cache: Path) -> None:
    (cache / "simulators/plain").mkdir(parents=True)
    for words in (["doctor"], ["simulators", "doctor"]):
        done = call(*words)
        assert done.code == 4
        assert "plain: broken" in done.out
        assert "neurodeploy simulators install plain" in done.out
        assert call(*words, "--json").code == 4


def test_one_that_fails_its_test_is_broken(
    call: Caller, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("simulators", "install", "plain")
    failing = {"plain": environment(self_test={"do": "raise"})}
    monkeypatch.setattr("neurodeploy.cli.commands.machine.simulators.environments", lambda: failing)
    assert call("simulators", "list", "--json").document["simulators"][0]["state"] == "installed"
    assert call("simulators", "doctor").code == 4


def test_a_missing_python(call: Caller, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(cache / "no-python"))
    refused(call("simulators", "install", "plain"), 4, VARIABLE, "let it name one")
    assert not (cache / "simulators").exists()
    done = call("doctor")
    assert done.code == 0
    assert "no-python" in done.out
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert call("doctor", "--json").document["pythons"] == {version: None}


@pytest.mark.parametrize("command", ["install", "remove"])
def test_an_unknown_one_lists_those_there_are(call: Caller, cache: Path, command: str) -> None:
    refused(call("simulators", command, "nope"), 2, "'nope'", "there are: plain")


def test_words_for_pip_are_words(call: Caller, cache: Path) -> None:
    refused(call("simulators", "install", "plain", "--pip-args", "'"), 2, "--pip-args")


def test_doctor_says_whether_there_is_a_compiler(
    call: Caller, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = "snncore.kernels.cpp.build.compiler"
    for finder, words in ((lambda: ("/bin/g++",), "/bin/g++"), (lambda: None, "install g++")):
        monkeypatch.setattr(find, finder)
        assert words in call("doctor", "--json").document["compiler"]
        assert words in call("doctor").out


def test_doctor_shows_versions(call: Caller, cache: Path) -> None:
    done = call("doctor", "--json")
    assert done.code == 0
    document = done.document
    wanted = {"python", "neurodeploy-toolchain", "torch", "numpy", "h5py", "rich", "typer"}
    assert wanted <= set(document["versions"])
    assert document["problems"] == []
    assert "loihi" in document["targets"]
    assert "gpu" in document
    assert "problems\n  none" in call("doctor").out


def test_doctor_names_clashes(call: Caller, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owners = {"targets": ["neurodeploy-toolchain", "somebody-else"], "quant": []}
    monkeypatch.setattr("neurodeploy.cli.views.installation.packages_distributions", lambda: owners)
    monkeypatch.setattr("neurodeploy.cli.views.installation._required", lambda: [("numpy", "99.0")])
    old, twice = call("doctor", "--json").document["problems"]
    assert old.startswith("numpy ")
    assert "older than 99.0" in old
    words = "targets is also a package of somebody-else (python -m pip uninstall somebody-else)"
    assert twice == words


def test_targets_share_an_environment_of_one_name_and_recipe(
    call: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(tmp_path / "cache"))
    listed = [each["name"] for each in call("simulators", "--json").document["simulators"]]
    assert listed.count("onnxruntime") == 1
    assert not [name for name in listed if name.startswith("onnx-")]
    recipes = {
        (env.name, env.title, env.python, env.requirements, env.without_dependencies)
        for chip in targets().values()
        for env in chip.simulators.values()
        if isinstance(env, Environment)
    }
    tools = [name for chip in targets().values() for name in getattr(chip, "tools", ())]
    names = [SOLVERS.name, *tools, *(name for name, *_ in recipes)]
    assert sorted(names) == sorted(listed)
