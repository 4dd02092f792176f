"""Content made in pieces: the same bytes as whole, as often as they are asked for."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.artifact import Artifact, read_folder
from neurodeploy.data import narrow
from neurodeploy.data.content import Content, Files, content_of, joined, of_array, of_bytes
from neurodeploy.errors import OutputError


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(narrow, "PIECE", 6)


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.float16, np.float32])
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (7,), (5, 4), (3, 2, 2, 2)])
def test_an_array_is_its_bytes(kind: type, shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(np.int16)
    content = of_array(values, kind)
    expected = values.astype(np.dtype(kind).newbyteorder("<")).tobytes()
    assert bytes(content) == bytes(content) == expected
    assert content.size == len(expected)
    assert content.sha256() == sha256(expected).hexdigest()


def test_an_array_in_another_order_is_written_in_rows() -> None:
    values = np.arange(20).reshape(5, 4).T
    content = of_array(values, np.int32)
    assert bytes(content) == values.astype("<i4").tobytes()
    assert len(list(content.pieces())) > 1


def test_parts_are_joined() -> None:
    whole = joined([of_bytes(b"ab"), joined([]), of_array(np.array([1, 2]), np.int8)])
    assert bytes(whole) == b"ab\x01\x02"
    assert whole.size == 4


def test_files_are_a_mapping_of_bytes() -> None:
    files = Files({"a": b"1", "b": of_array(np.array([50]), np.int8)})
    assert files == {"a": b"1", "b": b"2"}
    assert files == Files({"b": b"2", "a": b"1"})
    assert files == {"a": b"1", "b": b"2"}
    assert files != {"a": b"1"}
    assert files != {"a": b"1", "b": b"3"}
    assert files != 1
    assert {**files, "c": b""}.keys() == {"a", "b", "c"}
    assert content_of(files, "b").size == content_of({"b": b"2"}, "b").size == 1


def test_an_artifact_is_written_in_pieces_and_vouched_for(tmp_path: Path) -> None:
    values = np.arange(100, dtype=np.int8)
    artifact = Artifact("chip", Files({"w.bin": of_array(values, np.int16)}), {}, {"sha256": "0"})
    plain = Artifact("chip", dict(artifact.files), {}, {"sha256": "0"})
    assert artifact.manifest() == plain.manifest()
    artifact.write(tmp_path / "pieces")
    plain.write(tmp_path / "whole")
    for name in ("w.bin", "manifest.json"):
        pieces, whole = ((tmp_path / f / name).read_bytes() for f in ("pieces", "whole"))
        assert pieces == whole


def test_content_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> list[bytes]:
        raise OSError(28, "No space left on device")

    artifact = Artifact("chip", Files({"a": b"1", "b": Content(1, broken)}))
    with pytest.raises(OutputError, match="No space left"):
        artifact.write(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_was_written_is_read(tmp_path: Path) -> None:
    program = {"sha256": "0", "nodes": {}}
    artifact = Artifact("chip", Files({"a": of_array(np.arange(9), np.int8)}), {}, program)
    artifact.write(tmp_path / "out")
    assert read_folder(tmp_path / "out").files == artifact.files


def test_asking_for_a_name_makes_no_file() -> None:
    def never() -> list[bytes]:
        raise AssertionError

    files = Files({"a": Content(1, never)})
    assert "a" in files
    assert "b" not in files
    assert list(files) == ["a"]
