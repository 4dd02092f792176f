"""Artifacts: a folder that vouches for its files, deterministic, and read with suspicion."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from neurodeploy.artifact import MANIFEST, Artifact, digest, program_hashes, read_folder
from neurodeploy.errors import ArtifactError, OutputError
from tests.unit.damage import damaged
from tests.unit.programs import random_program, small


def artifact() -> Artifact:
    return Artifact(
        "chip",
        {"b.bin": bytes(range(256)), "a.txt": "ä".encode()},
        {"names": ["in", "d"], "reset": 1},
        program_hashes(small()),
        "ab" * 32,
    )


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_an_interpreter_shows_is_a_line_and_no_bytes() -> None:
    assert repr(artifact()) == "Artifact(chip, in memory: b.bin, a.txt)"
    assert repr(replace(artifact(), path=Path("out"))) == "Artifact(chip, out: b.bin, a.txt)"


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    written = artifact().write(tmp_path / "out")
    assert written.path == tmp_path / "out"
    reread = read_folder(tmp_path / "out")
    assert reread == replace(written, path=tmp_path / "out")
    assert not reread.edited
    reread.require_unedited()
    assert set(content(tmp_path / "out")) == {"a.txt", "b.bin", MANIFEST}


def test_the_same_artifact_is_the_same_bytes(tmp_path: Path) -> None:
    artifact().write(tmp_path / "one")
    shuffled = replace(artifact(), files=dict(reversed(artifact().files.items())))
    shuffled.write(tmp_path / "two")
    assert content(tmp_path / "one") == content(tmp_path / "two")
    text = (tmp_path / "one" / MANIFEST).read_text("utf-8")
    assert str(tmp_path) not in text
    assert text.endswith("}\n")


@pytest.mark.parametrize("change", [{"reset": 2}, {"names": ["d", "in"]}, {"more": 1}])
def test_an_edited_contract_is_found(tmp_path: Path, change: dict[str, Any]) -> None:
    artifact().write(tmp_path)
    manifest = json.loads((tmp_path / MANIFEST).read_text("utf-8"))
    manifest["contract"] |= change
    (tmp_path / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(ArtifactError, match=r"the contract in .* is not the one that was exported"):
        read_folder(tmp_path).require_unedited()


def test_every_edit_of_a_file_is_found(tmp_path: Path) -> None:
    artifact().write(tmp_path)
    whole = content(tmp_path)
    for name in ("a.txt", "b.bin"):
        for edit in (whole[name] + b"x", whole[name][:-1], b"", whole[name][::-1]):
            (tmp_path / name).write_bytes(edit)
            reread = read_folder(tmp_path)
            assert reread.edited == (f"{name} is not the file that was exported",)
            with pytest.raises(ArtifactError, match=f"{name} is not the file .*export the model"):
                reread.require_unedited()
        (tmp_path / name).write_bytes(whole[name])
    assert not read_folder(tmp_path).edited


def test_an_artifact_replaces_an_artifact_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    artifact().write(folder)
    replace(artifact(), files={"c": b"1"}).write(folder)
    assert set(content(folder)) == {"c", MANIFEST}
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="other files"):
        artifact().write(folder)
    assert set(content(folder)) == {"c", MANIFEST, "notes.txt"}


@pytest.mark.parametrize("text", ["{}", "[]", "not json", '{"schema": 1}'])
def test_a_folder_with_a_manifest_of_another_kind_is_not_replaced(
    text: str, tmp_path: Path
) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(OutputError, match="other files"):
        artifact().write(tmp_path)
    assert content(tmp_path) == {MANIFEST: text.encode()}


def edited_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / MANIFEST
    manifest = json.loads(path.read_text("utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), "utf-8")


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another schema": (lambda m: m.update(schema=2), "not a manifest of schema 1"),
    "no files": (lambda m: m.pop("files"), "damaged: 'files'"),
    "files of another kind": (lambda m: m.update(files=3), "damaged"),
    "no contract": (lambda m: m.update(contract=None), "damaged"),
    "a model of another kind": (lambda m: m.update(model=[]), "damaged"),
    "a missing file": (lambda m: m["files"].update(x="0"), "x: cannot be read: No such file"),
    "a file above": (lambda m: m["files"].update({"../a": "0"}), "outside the folder: ../a"),
    "the folder above": (lambda m: m["files"].update({"..": "0"}), "outside the folder"),
    "an absolute file": (lambda m: m["files"].update({"/etc/passwd": "0"}), "outside the folder"),
    "the folder itself": (lambda m: m["files"].update({"": "0"}), "outside|cannot be read"),
    "a name with a zero byte": (lambda m: m["files"].update({"a\0": "0"}), "outside|cannot be re"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_manifest_that_makes_no_sense_is_named(name: str, tmp_path: Path) -> None:
    artifact().write(tmp_path)
    change, words = CHANGES[name]
    edited_manifest(tmp_path, change)
    with pytest.raises(ArtifactError, match=words) as caught:
        read_folder(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_damaged_manifests_are_refused_or_found_edited(tmp_path: Path) -> None:
    artifact().write(tmp_path)
    whole = (tmp_path / MANIFEST).read_text("utf-8")
    refused = 0
    for seed in range(200):
        document = damaged(json.loads(whole), Random(seed))
        (tmp_path / MANIFEST).write_text(json.dumps(document), "utf-8")
        try:
            read_folder(tmp_path)
        except ArtifactError:
            refused += 1
    assert refused > 30


@pytest.mark.parametrize("text", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"null", b"3"])
def test_a_manifest_that_is_none_is_named(text: bytes, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_bytes(text)
    with pytest.raises(ArtifactError, match=MANIFEST):
        read_folder(tmp_path)


def test_a_folder_without_a_manifest_is_no_artifact(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=rf"is not an artifact: it has no {MANIFEST}"):
        read_folder(tmp_path)


def test_a_changed_layer_has_another_hash_of_its_own() -> None:
    first, second = small(), small()
    nodes = list(second.nodes)
    nodes[1] = replace(nodes[1], weight=nodes[1].weight + 2)
    changed = replace(second, nodes=tuple(nodes))
    before, after = program_hashes(first), program_hashes(changed)
    assert before["sha256"] != after["sha256"]
    differing = [name for name in before["nodes"] if before["nodes"][name] != after["nodes"][name]]
    assert differing == ["d"]
    assert program_hashes(random_program(1)) == program_hashes(random_program(1))


def test_a_bare_file_is_foreign() -> None:
    assert Artifact("chip", {"x": b""}).foreign
    assert not artifact().foreign
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_an_artifact_is_exact_unless_it_says_that_it_is_not() -> None:
    assert artifact().exact
    assert replace(artifact(), contract={"exact": True}).exact
    assert not replace(artifact(), contract={"exact": False}).exact


def test_a_manifest_is_text_that_a_person_reads(tmp_path: Path) -> None:
    artifact().write(tmp_path)
    text = (tmp_path / MANIFEST).read_text("utf-8")
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=2) + "\n"
