"""`neurodeploy new-target` writes a package, and nothing where something is."""

from pathlib import Path

import pytest

from neurodeploy.testing.new_target import package_files
from tests.unit.neurodeploy.cli.helpers import Caller


def test_the_command_writes_it_and_says_what_is_next(
    call: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    document = call("new-target", "chip_2", "--json").document
    assert (document["name"], document["folder"]) == ("chip_2", "chip_2")
    assert sorted(document["files"]) == sorted(package_files("chip_2"))
    assert all((tmp_path / "chip_2" / name).is_file() for name in document["files"])
    assert document["next"][-1].endswith("--pyargs neurodeploy.testing --target chip_2")
    again = call("new-target", "chip_2")
    assert again.code == 2
    assert again.errors == ["error: chip_2: exists already"]
    assert call("new-target", "chip_2", "-o", "other/place").code == 0
    assert (tmp_path / "other/place/chip_2/target.py").is_file()
