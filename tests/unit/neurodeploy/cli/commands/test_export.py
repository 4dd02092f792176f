"""`export`: the files, what is said of them, and what is never overwritten."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.neurodeploy.cli.helpers import COMMAND, Caller, environment, refused, run, tree


def test_writes_the_artifact_and_names_the_next_command(call: Caller, here: Path) -> None:
    done = call("export", "model.pt", "--target", "loihi")
    assert done.code == 0
    assert "network.net" in done.out
    assert "next: neurodeploy verify model-loihi --model model.pt" in done.out
    assert tree(here / "model-loihi") == tree(here / "artifact")


def test_json(call: Caller, here: Path) -> None:
    document = call("export", "model.pt", "-t", "loihi", "-o", "deep/er", "--json").document
    model = hashlib.sha256((here / "model.pt").read_bytes()).hexdigest()
    assert document["artifact"] == "deep/er"
    assert document["model_sha256"] == model
    assert document["report"] is None
    written = {
        path.name: (len(path.read_bytes()), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in (here / "deep/er").iterdir()
    }
    assert {f["name"]: (f["bytes"], f["sha256"]) for f in document["files"]} == written
    assert set(written) == {"network.net", "manifest.json"}


def test_an_artifact_is_replaced_by_the_same_bytes(call: Caller, here: Path) -> None:
    before = tree(here)
    assert call("export", "model.pt", "-t", "loihi", "-o", "artifact").code == 0
    assert tree(here) == before


def test_verifies_with_samples(call: Caller, here: Path) -> None:
    words = ["export", "model.pt", "-t", "loihi", "--verify", "--simulator", "none"]
    done = call(*words, "--samples", "samples.npz", "--json")
    assert done.code == 0
    report = done.document["report"]
    assert report["equal"] is True
    assert report["facts"]["samples"] == "4 of 8 steps, input (6,)"
    assert [link["status"] for link in report["links"]] == ["equal"] * 3 + ["not run"]
    assert "Equal: every bit of" in call(*words, "-o", "again").out


@pytest.mark.usefixtures("here")
def test_what_writes_its_steps_out_has_as_many_as_the_samples(call: Caller) -> None:
    words = ["export", "model.pt", "-t", "onnx", "--form", "unrolled", "--samples", "samples.npz"]
    assert call(*words).code == 0
    manifest = json.loads(Path("model-onnx/manifest.json").read_text("utf-8"))
    assert manifest["options"]["steps"] == 8
    alone = ("--samples", "samples.npz", "--simulator", "none", "--json")
    judged = call("verify", "model-onnx", *alone)
    assert judged.code == 0, judged.err
    assert judged.document["equal"] is True
    own = call(*words, "--option", "steps=5", "-o", "own")
    assert own.code == 0
    refused(call("verify", "own", "--samples", "samples.npz"), 2, "8 steps, and the graph 5")


def test_build_runs_where_the_user_is(here: Path) -> None:
    words = ("export", "weights.pt", "-t", "loihi", "--build", "mine:make", "--json")
    done = run(*words)
    assert done.code == 0, done
    assert done.document["artifact"] == "weights-loihi"
    assert done.document["next"].endswith("--build mine:make")
    assert "the user's own code prints" in done.err


def test_warnings_are_printed(call: Caller, here: Path) -> None:
    (here / "wide.py").write_text(
        "import quant, torch\n"
        "def make():\n"
        "    torch.manual_seed(0)\n"
        "    return torch.nn.Sequential(quant.Block(quant.Linear(6, 5), quant.CubaLIF(\n"
        "        current_decay=0.0, voltage_decay=0.0)))\n"
        "torch.save(make().state_dict(), 'wide.pt')\n",
        encoding="utf-8",
    )
    (here / "wide.pt").write_bytes(b"made when the module is imported")
    subprocess.run([COMMAND[0], "-c", "import wide"], env=environment(), check=True)
    done = call("export", "wide.pt", "--build", "wide:make", "-t", "loihi")
    assert done.code == 0
    assert "warning: " in done.out
    findings = call("inspect", "wide.pt", "--build", "wide:make", "--json").document
    assert findings["targets"]["loihi"]["findings"][0]["severity"] == "warning"


@pytest.mark.parametrize(
    ("output", "fragment"),
    [
        ("file", "is a file"),
        ("file/below", "file is a file"),
        ("folder", "is a folder that holds other files"),
        ("artifact", "is a folder that holds other files"),
        ("x" * 300, "File name too long"),
    ],
)
def test_what_is_there_stays(call: Caller, here: Path, output: str, fragment: str) -> None:
    (here / "file").write_text("mine", encoding="utf-8")
    for folder in ("folder", "artifact"):
        (here / folder).mkdir(exist_ok=True)
        (here / folder / "notes").write_text("mine", encoding="utf-8")
    before = tree(here)
    refused(call("export", "model.pt", "-t", "loihi", "-o", output), 2, fragment, "remedy: ")
    assert tree(here) == before


def test_a_disk_that_fills_up(here: Path) -> None:
    before = tree(here)

    def limit() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = subprocess.run(
        [*COMMAND, "export", "model.pt", "-t", "loihi", "-o", "deep/er"],
        # Bytecode would meet the limit as well, and stay behind cut short.
        env=environment() | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "error: deep/er: cannot be written: File too large" in done.stderr
    assert tree(here) == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind root")
def test_a_folder_without_permission(call: Caller, here: Path) -> None:
    (here / "closed").mkdir(mode=0o500)
    refused(call("export", "model.pt", "-t", "loihi", "-o", "closed/a"), 2, "Permission denied")


def test_an_option_that_no_target_has(call: Caller, here: Path) -> None:
    before = tree(here)
    words = "loihi has no option 'form'; there are: none"
    refused(call("export", "model.pt", "-t", "loihi", "--form", "step"), 2, words)
    refused(call("export", "model.pt", "-t", "loihi", "--option", "form"), 2, "NAME=VALUE")
    assert tree(here) == before
