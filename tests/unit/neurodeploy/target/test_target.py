"""Targets are found through entry points: a broken one is a warning, an unknown one lists all."""

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy import target as room
from neurodeploy.errors import (
    ArtifactError,
    DoesNotFitError,
    UnknownNameError,
    ValidationError,
)
from neurodeploy.target import (
    GROUP,
    Capabilities,
    Finding,
    Option,
    Severity,
    Target,
    checked_options,
    open_artifact,
    random_samples,
    require_fits,
    target,
    targets,
)
from tests.unit.programs import driven, small

GOOD = '''
from neurodeploy.artifact import Artifact
from neurodeploy.target import Capabilities


class Chip:
    """A chip that takes everything and simulates nothing."""

    name = "tiny"
    capabilities = Capabilities("Tiny", (), (), suffixes=(".tiny",))
    simulators = {}

    def check(self, program):
        return ()

    def compile(self, program):
        return Artifact("tiny", {"x.tiny": program.sha256.encode()})

    def read(self, artifact):
        raise NotImplementedError

    def simulate(self, artifact, samples, *, simulator=None, simulation=None):
        raise NotImplementedError


chip = Chip()
half = object()
'''


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder where distributions are installed, in front of all others."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    targets.cache_clear()
    yield folder
    targets.cache_clear()
    for name in [name for name in sys.modules if name.startswith("tiny_")]:
        del sys.modules[name]


def install(folder: Path, name: str, source: str, entries: str) -> None:
    """A distribution of one module, as an installer leaves it."""
    (folder / f"{name}.py").write_text(source)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{entries}\n")


def test_ours_is_found_by_the_same_door() -> None:
    installed = targets()
    assert "loihi" in installed
    assert isinstance(installed["loihi"], Target)
    assert target("loihi") is installed["loihi"]
    assert installed["loihi"].name == "loihi"


def test_a_third_partys_target_is_found_and_used(site: Path) -> None:
    install(site, "tiny_good", GOOD, "tiny = tiny_good:chip")
    assert {"loihi", "tiny"} <= set(targets())
    artifact = target("tiny").compile(small())
    assert artifact.files == {"x.tiny": small().sha256.encode()}
    (site / "net.TINY").write_bytes(b"1")
    opened = open_artifact(site / "net.TINY")
    assert (opened.target, opened.files, opened.foreign) == ("tiny", {"net.TINY": b"1"}, True)


BROKEN = {
    "an import that fails": ("import nothing_of_that_name", "tiny_bad:chip", "ModuleNotFoundError"),
    "an exception": ("raise ZeroDivisionError('oops')", "tiny_bad:chip", "ZeroDivisionError"),
    "bad syntax": ("def (", "tiny_bad:chip", "SyntaxError"),
    "an exit": ("import sys; sys.exit(3)", "tiny_bad:chip", "SystemExit"),
    "no such name": ("", "tiny_bad:chip", "AttributeError"),
    "no target": (GOOD, "tiny_bad:half", "it is not a Target"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_target_is_a_warning_that_names_it(name: str, site: Path) -> None:
    source, entry, words = BROKEN[name]
    install(site, "tiny_bad", source, f"broken = {entry}")
    install(site, "tiny_good", GOOD, "tiny = tiny_good:chip")
    with pytest.warns(UserWarning, match=f"target broken is broken: .*{words}"):
        installed = targets()
    # The others are there all the same, and it is said once.
    assert {"loihi", "tiny"} <= set(installed)
    assert "broken" not in installed
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        targets()


def test_an_unknown_name_lists_those_that_are_installed(site: Path) -> None:
    install(site, "tiny_good", GOOD, "tiny = tiny_good:chip")
    with pytest.raises(UnknownNameError, match=r"no target 'abacus' .* there are: .*loihi.*tiny"):
        target("abacus")


def test_nothing_installed_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    targets.cache_clear()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    try:
        with pytest.raises(UnknownNameError, match="there are: none"):
            target("loihi")
        with pytest.raises(ArtifactError, match="those are: none"):
            open_artifact(__file__)
    finally:
        targets.cache_clear()


def test_a_place_without_an_artifact_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_text("")
    with pytest.raises(
        ArtifactError, match=r"x\.pdf: is not in a known format.* those are: .*\.net"
    ):
        open_artifact(tmp_path / "x.pdf")
    with pytest.raises(ArtifactError, match="lost: there is no such file or folder"):
        open_artifact(tmp_path / "lost")
    with pytest.raises(ArtifactError, match="is not an artifact"):
        open_artifact(tmp_path)


def test_every_error_is_listed_and_no_warning() -> None:
    findings = (
        Finding(Severity.WARNING, "a", "odd"),
        Finding(Severity.ERROR, "b", "too large", "make it smaller"),
        Finding(Severity.ERROR, "c", "too small"),
    )
    require_fits("chip", findings[:1])
    with pytest.raises(DoesNotFitError) as caught:
        require_fits("chip", findings)
    assert str(caught.value).splitlines() == [
        "the network does not fit chip: b: too large (make it smaller)",
        "  c: too small",
    ]


def test_random_samples_are_seeded_and_of_the_inputs_kind() -> None:
    def drawn(program: Any, *options: Any) -> Any:
        return random_samples(program, 40, 5, *options)

    spikes = drawn(small(), 0.3, 1)
    assert spikes.shape == (40, 5, 2)
    assert set(np.unique(spikes)) == {0, 1}
    assert abs(spikes.mean() - 0.3) < 0.08
    assert np.array_equal(spikes, drawn(small(), 0.3, 1))
    assert not np.array_equal(spikes, drawn(small(), 0.3, 2))
    assert not drawn(small(), 0.0, 1).any()
    currents = drawn(driven(), 1.0, 1)
    assert currents.min() < 0
    assert currents.max() > 1
    assert room.GROUP == "neurodeploy.targets"


class _Choosy:
    name = "choosy"
    capabilities = Capabilities(
        "Choosy",
        (),
        (),
        options={
            "form": Option("the form", "round", ("round", "square")),
            "steps": Option("how many", 16),
            "aloud": Option("whether it is heard", False),
        },
    )


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("form", "square", "square"),
        ("steps", "8", 8),
        ("steps", 9, 9),
        ("aloud", "yes", True),
        ("aloud", "false", False),
        ("aloud", True, True),
    ],
)
def test_options_take_the_type_of_their_default(name: str, text: Any, value: Any) -> None:
    options = checked_options(_Choosy(), {name: text})
    assert options == {name: value}
    assert type(options[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("form", "oval", "option form: 'oval' is not round or square"),
        ("steps", "many", "option steps: 'many' is not a whole number"),
        ("steps", True, "option steps: True is not a whole number"),
        ("aloud", "2", "option aloud: '2' is not yes or no"),
        ("shape", "oval", "choosy has no option 'shape'; there are: form, steps, aloud"),
    ],
)
def test_an_option_that_does_not_fit(name: str, text: Any, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        checked_options(_Choosy(), {name: text})
    assert str(caught.value) == words
