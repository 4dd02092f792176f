"""Model files that are missing, damaged, hostile or do not fit: one clear error each."""

# What a hostile file is made with.
import pickle  # noqa: TID251
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.unit.neurodeploy.cli.helpers import Caller, refused, run, tree

EXPORT = ("-t", "loihi", "-o", "out")


def keep(path: Path, value: Any) -> None:
    """Write a file with torch's own function, as anybody can."""
    torch.save(value, path)  # noqa: TID251


class Hostile:
    """A pickle that, when it is read, creates a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return open, ("pwned", "w")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def words(path: Path) -> None:
    path.write_text("this is not a model", encoding="utf-8")


def another_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("data.txt", "nothing")


def hostile_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps(Hostile()))


def hostile_zip(path: Path) -> None:
    keep(path, {"format": "neurodeploy-model", "hidden": Hostile()})


def pickled_module(path: Path) -> None:
    keep(path, nn.Linear(2, 2))


def number(path: Path) -> None:
    keep(path, 3)


def others(path: Path) -> None:
    keep(path, {"format": "something else"})


def weights(path: Path) -> None:
    keep(path, nn.Linear(2, 2).state_dict())


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """The model with its document changed."""

    def write(path: Path) -> None:
        document = torch.load(path, weights_only=True)  # noqa: TID251
        change(document)
        keep(path, document)

    return write


def nan(document: dict[str, Any]) -> None:
    document["tensors"]["0.synapse.weight"][2, 3] = float("nan")


def newer(document: dict[str, Any]) -> None:
    document["version"] = 99


def unknown(document: dict[str, Any]) -> None:
    document["layers"]["0"]["type"] = "os.system"


def bomb(document: dict[str, Any]) -> None:
    document["layers"]["0"]["parts"]["synapse"]["config"]["in_features"] = 10**13


def torn(document: dict[str, Any]) -> None:
    del document["tensors"]["0.synapse.weight"]


def shapeless(document: dict[str, Any]) -> None:
    document["input_shape"] = [7]


CASES: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing": (Path.unlink, "there is no such file"),
    "empty": (empty, "the file is empty"),
    "truncated": (half, "is not a model file, or one that was cut short"),
    "words": (words, "is not a model file, or one that was cut short"),
    "another zip": (another_zip, "is damaged, or not a model file"),
    "hostile pickle": (hostile_pickle, "is not a model file"),
    "hostile zip": (hostile_zip, "which are not read because reading them can run code"),
    "pickled module": (pickled_module, "nd.save(torch.load('old.pt', weights_only=False)"),
    "a number": (number, "holds a int, not a model"),
    "of others": (others, "holds no model of ours"),
    "weights alone": (weights, "give --build package.module:function"),
    "NaN": (changed(nan), "0.synapse.weight: a value is NaN or infinite"),
    "newer": (changed(newer), "version 99, but this reads 1"),
    "unknown layer": (changed(unknown), "os.system"),
    "huge claim": (changed(bomb), "the weights do not fit the layers"),
    "a tensor missing": (changed(torn), "0.synapse.weight"),
}


@pytest.mark.parametrize("name", CASES)
def test_is_refused(call: Caller, here: Path, name: str) -> None:
    break_it, fragment = CASES[name]
    break_it(here / "model.pt")
    before = tree(here)
    refused(call("export", "model.pt", *EXPORT), 2, fragment)
    refused(call("inspect", "model.pt"), 2, fragment)
    refused(call("run", "model.pt", "--samples", "samples.npy"), 2, "error: ")
    refused(call("verify", "artifact", "--model", "model.pt", "--simulator", "none"), 2, "error: ")
    assert tree(here) == before


def test_a_shape_that_does_not_fit(call: Caller, here: Path) -> None:
    changed(shapeless)(here / "model.pt")
    refused(call("export", "model.pt", *EXPORT), 2, "takes 6 inputs and is given (7,)")


def test_in_a_process_of_its_own(here: Path) -> None:
    hostile_zip(here / "model.pt")
    before = tree(here)
    refused(run("export", "model.pt", *EXPORT), 2, "can run code", "remedy: ")
    done = run("export", "model.pt", *EXPORT, "--json")
    assert done.code == done.document["error"]["exit_code"] == 2
    assert tree(here) == before


def test_the_hostile_files_are_hostile(here: Path) -> None:
    hostile_zip(here / "model.pt")
    torch.load("model.pt", weights_only=False)["hidden"].close()  # noqa: TID251
    assert (here / "pwned").exists()


@pytest.mark.parametrize("step", [1, 7])
def test_no_truncation_is_unexpected(call: Caller, here: Path, step: int) -> None:
    content = (here / "model.pt").read_bytes()
    cuts = range(1, 60, step) if step == 1 else range(60, len(content), len(content) // 40)
    for cut in cuts:
        (here / "model.pt").write_bytes(content[:cut])
        refused(call("inspect", "model.pt"), 2, "model.pt: ")


@pytest.mark.parametrize(
    ("build", "fragment"),
    [
        ("nowhere:make", "No module named 'nowhere'"),
        ("mine:nothing", "has no attribute 'nothing'"),
        ("mine", "package.module:function"),
        ("mine:fails", "RuntimeError: as it was told"),
        ("mine:leaves", "SystemExit"),
        ("mine:number", "returned a int"),
        ("mine:relu", "the weights do not fit the layers"),
    ],
)
def test_build_that_makes_no_network(call: Caller, here: Path, build: str, fragment: str) -> None:
    before = tree(here)
    refused(call("export", "weights.pt", "--build", build, *EXPORT), 2, fragment)
    assert {path for path in tree(here) if "__pycache__" not in path} == set(before)


def test_an_unsupported_layer(call: Caller, here: Path) -> None:
    keep(here / "relu.pt", {})
    done = call("export", "relu.pt", "--build", "mine:relu", *EXPORT)
    refused(
        done, 2, "0: torch.nn.ReLU is not a layer that can be exported", "use the layers of quant"
    )


@pytest.mark.parametrize(
    ("model", "fragments"),
    [
        (
            "float.pt",
            (
                "0: its weights are floats, not on a chip's grid",
                "neurodeploy quantize float.pt --target loihi --samples samples.npz",
            ),
        ),
        ("branches.pt", ("waits beside the recurrent right",)),
    ],
)
def test_what_does_not_fit_is_exit_code_three(
    call: Caller, here: Path, model: str, fragments: tuple[str, ...]
) -> None:
    before = tree(here)
    refused(call("export", model, *EXPORT), 3, *fragments)
    assert tree(here) == before


def test_an_unknown_target_lists_those_there_are(call: Caller, here: Path) -> None:
    refused(call("export", "model.pt", "-t", "nope"), 2, "'nope'", "there are: c, loihi")
    done = call("export", "model.pt", "-t", "loihi", "--verify", "--simulator", "nope")
    refused(done, 2, "brian2-loihi, all, none")
    assert not (here / "model-nope").exists()
