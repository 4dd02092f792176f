"""`inspect` and `targets`."""

from pathlib import Path

import pytest

from targets.loihi.branches import as_chain
from targets.loihi.target import target
from tests.unit.neurodeploy.cli.helpers import Caller, refused
from tests.unit.neurodeploy.target.test_price import skipping


@pytest.mark.parametrize("path", ["model.pt", "artifact", "artifact/network.net"])
def test_shows_layers_bits_and_ranges(call: Caller, here: Path, path: str) -> None:
    done = call("inspect", path, "--json")
    document = done.document
    assert done.code == 0
    assert (document["neurons"], document["weights"]) == (8, 45)
    assert document["input"] == {"shape": [6], "signal": "spikes"}
    assert document["targets"]["loihi"] == {"fits": True, "findings": []}
    synapse, neurons = document["layers"][1:3]
    assert synapse["kind"] == "dense"
    assert synapse["weights"] == 30
    assert synapse["bits"] == 8
    low, high = synapse["values"]["weight"]
    assert low < 0 < high
    assert neurons["neurons"] == 5
    assert neurons["values"]["threshold"] == [32, 32]
    assert neurons["ranges"]["v"][0] < 0 < neurons["ranges"]["v"][1]
    words = call("inspect", path).out
    assert "8 neurons, 45 weights" in words
    assert "loihi: fits" in words


def test_shows_cores_operations_and_energy(call: Caller, here: Path) -> None:
    done = call("inspect", "model.pt", "--samples", "samples.npz", "--json")
    chip = done.document["chips"]["loihi"]
    assert [placed["chip"] for placed in chip["placements"]] == ["Loihi 1", "Loihi 2"]
    assert [len(placed["cores"]) for placed in chip["placements"]] == [1, 1]
    assert [layer["synaptic"] > 0 for layer in chip["operations"]] == [True, True]
    assert chip["energies"][0]["low"] < chip["energies"][0]["high"]
    words = call("inspect", "model.pt", "--samples", "samples.npz").out
    assert "Loihi 1: 1 of 128 cores" in words
    assert "\n  +....." in words
    assert "Davies" in words
    assert "an estimate" not in call("inspect", "model.pt").out


def test_text_is_the_program(call: Caller, here: Path) -> None:
    text = call("inspect", "model.pt", "--text").out
    assert text.startswith("input [6] = input(spikes)\n")
    assert "neuron CubaLIF.loihi:" in text
    assert call("inspect", "model.pt", "--text", "--json").document["text"] == text


def test_floats_are_shown_with_a_note(call: Caller, here: Path) -> None:
    done = call("inspect", "float.pt")
    assert done.code == 0
    assert "18 weights" in done.out
    assert "next: neurodeploy quantize float.pt --target T --samples samples.npz" in done.out
    document = call("inspect", "float.pt", "--json").document
    assert [layer["kind"] for layer in document["layers"]] == ["input", "linear", "LIF"]
    assert document["note"].startswith("not on a chip's integers: 0:")
    assert "0 [3] = Linear" in call("inspect", "float.pt", "--text").out


def test_says_why_a_target_cannot_take_it(call: Caller, here: Path) -> None:
    done = call("inspect", "branches.pt")
    assert done.code == 0
    assert "loihi: does not fit" in done.out
    assert "waits beside the recurrent right" in done.out
    assert not call("inspect", "branches.pt", "--json").document["targets"]["loihi"]["fits"]


def test_an_artifact_of_branches_says_what_its_layers_hold(call: Caller, here: Path) -> None:
    target.compile(as_chain(skipping())).write(here / "branching")
    done = call("inspect", "branching")
    assert done.code == 0
    assert "level2 (two)" in done.out
    layers = call("inspect", "branching", "--json").document["layers"]
    assert [each.get("holds") for each in layers if "neurons" in each] == [None, ["two"], None]


def test_build_takes_the_users_architecture(call: Caller, here: Path) -> None:
    assert call("inspect", "weights.pt", "--build", "mine:make", "--json").document["weights"] == 45


def test_an_edited_artifact_is_refused(call: Caller, here: Path) -> None:
    flip(here / "artifact/network.net")
    refused(call("inspect", "artifact"), 2, "network.net is not the file that was exported")


def test_targets(call: Caller) -> None:
    (loihi,) = [t for t in call("targets", "--json").document["targets"] if t["name"] == "loihi"]
    assert loihi["exact"] is True
    assert loihi["suffixes"] == [".net"]
    assert "weights" in loihi["limits"]
    assert set(loihi["simulators"]) == {"brian2-loihi", "lava", "nengo-loihi"}
    words = call("targets").out
    assert words.startswith("c: ")
    assert "\nloihi: " in words
    assert all(limit in words for limit in loihi["limits"].values())


def flip(path: Path) -> None:
    """Change one weight's bit in a file."""
    content = bytearray(path.read_bytes())
    content[-64] ^= 1
    path.write_bytes(content)


def test_boards_are_placed_on_beside_the_targets(call: Caller, here: Path) -> None:
    done = call("inspect", "model.pt", "--samples", "samples.npz", "--boards", "paicore", "--json")
    document = done.document
    (placed,) = document["chips"]["paicore"]["placements"]
    assert placed["chip"] == "PAICORE"
    assert not placed["problems"]
    assert sum(each["neurons"] for each in placed["layers"]) == document["neurons"]
    assert "loihi" in document["chips"]
    assert "PAICORE: " in call("inspect", "model.pt", "--boards", "paicore").out
    unknown = call("inspect", "model.pt", "--boards", "nothing")
    assert unknown.code == 2
    assert "no board 'nothing' is known; there are: " in unknown.err
    assert "paicore" in unknown.err
