"""`convert`."""

from pathlib import Path

from tests.unit.cli.helpers import Caller, refused


def test_a_vendors_file_becomes_a_model(call: Caller, here: Path) -> None:
    done = call("convert", "artifact/network.net", "-o", "mine.pt", "--json")
    assert done.code == 0
    assert done.document == {"source": "artifact/network.net", "model": "mine.pt", "weights": 45}
    assert call("export", "mine.pt", "--target", "loihi", "-o", "again").code == 0
    first, second = (here / place / "network.net" for place in ("artifact", "again"))
    assert first.read_bytes() == second.read_bytes()
    assert "45 weights, equal in every integer" in call("convert", "artifact/network.net").out
    assert (here / "network.pt").exists()


def test_what_is_no_network_is_refused(call: Caller, here: Path) -> None:
    refused(call("convert", "missing.net"), 2, "missing.net", "no such file")
    (here / "words.net").write_text("words")
    refused(call("convert", "words.net"), 2, "words.net")
    assert not (here / "words.pt").exists()
