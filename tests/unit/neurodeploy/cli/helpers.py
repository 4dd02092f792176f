"""Helpers of the command line's tests: running it, here or in a process, and tiny networks."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.cli import main
from snncore import layer, neuron
from tests.unit.neurodeploy.sandbox.helpers import TOKEN, processes_with

ROOT = Path(__file__).parents[4]
COMMAND = (sys.executable, "-m", "neurodeploy")


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document that stdout holds."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def errors(self) -> list[str]:
        """The lines that say that something is wrong."""
        return [line for line in self.err.splitlines() if line.startswith("error: ")]


def environment(**changes: str) -> dict[str, str]:
    """The environment of a process that finds this source tree from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **changes}


def run(*words: object, **changes: str) -> Done:
    """Run a command in a process of its own, in the current folder."""
    command = [*COMMAND, *map(str, words)]
    done = subprocess.run(
        command, env=environment(**changes), capture_output=True, text=True, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


class Caller:
    """Runs commands in this process, which spares them the start."""

    def __init__(self, capture: Any) -> None:
        self._capture = capture

    def __call__(self, *words: object) -> Done:
        self._capture.readouterr()
        code = main([str(word) for word in words])
        printed = self._capture.readouterr()
        return Done(code, printed.out, printed.err)


def refused(done: Done, code: int, *fragments: str) -> None:
    """Assert one clear error with these words, and nothing on stdout."""
    assert done.code == code, done
    assert len(done.errors) == 1, done.err
    assert "Traceback" not in done.err
    assert "unexpected" not in done.err
    assert done.out == ""
    for fragment in fragments:
        assert fragment in done.err


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too, with its content; folders with none."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


def dense(inputs: int = 6) -> nn.Sequential:
    """A quantized network of two layers that spikes."""
    torch.manual_seed(0)
    network = nn.Sequential(
        quant.Block(quant.Linear(inputs, 5), quant.CubaLIF(threshold=0.5)),
        quant.Block(quant.Linear(5, 3), quant.CubaLIF(threshold=0.5)),
    )
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(torch.randn(weight.shape))
    return network


class Branches(nn.Module):
    """A layer with a loop and delays in a branch, which no chain can hold."""

    def __init__(self) -> None:
        super().__init__()
        self.late = layer.Delay(2)
        self.left = quant.Block(quant.Linear(6, 3), quant.CubaLIF())
        self.weights = quant.Linear(6, 3)
        self.right = layer.Recurrent(quant.CubaLIF(), quant.Linear(3, 3))
        self.last = quant.CubaLIF()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The sum's spikes."""
        return self.last(self.left(x) + self.right(self.weights(self.late(x))))


def write_inputs(folder: Path) -> None:
    """The models, samples and artifacts that the tests read."""
    network = dense()
    nd.save(network, folder / "model.pt")
    # A file of weights alone, as users of torch have it.
    torch.save(network.state_dict(), folder / "weights.pt")  # noqa: TID251
    nd.save(nn.Sequential(layer.Linear(6, 3), neuron.LIF(threshold=0.1)), folder / "float.pt")
    nd.save(Branches(), folder / "branches.pt")
    spikes = (np.random.default_rng(0).random((8, 4, 6)) < 0.5).astype(np.uint8)
    np.savez(folder / "samples.npz", samples=spikes, labels=np.array([0, 1, 2, 0]))
    np.save(folder / "samples.npy", spikes)
    nd.export(network, target="loihi", path=folder / "artifact", model_file=folder / "model.pt")
    (folder / "mine.py").write_text(MINE, encoding="utf-8")


MINE = """
import quant
from torch import nn


def make():
    print("the user's own code prints")
    return nn.Sequential(
        quant.Block(quant.Linear(6, 5), quant.CubaLIF(threshold=0.5)),
        quant.Block(quant.Linear(5, 3), quant.CubaLIF(threshold=0.5)),
    )


def relu():
    return nn.Sequential(nn.ReLU())


def fails():
    raise RuntimeError("as it was told")


def leaves():
    raise SystemExit(0)


def number():
    return 3
"""


def interrupted(at: str, *words: str, by: int = signal.SIGINT) -> Done:
    """Run a command and send it a signal once it has said `at`; nothing may be left of it."""
    token = uuid.uuid4().hex
    # A short name, for Lava puts sockets below it.
    with tempfile.TemporaryDirectory() as folder:
        done = _interrupted(at, words, by, environment(TMPDIR=folder, **{TOKEN: token}))
        assert os.listdir(folder) == []
    assert processes_with(token) == []
    return done


def _heed_interrupts() -> None:
    """Children ignore interrupts if a shell runs the tests in its background; undo that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _interrupted(at: str, words: Sequence[str], by: int, variables: dict[str, str]) -> Done:
    with subprocess.Popen(
        [*COMMAND, *words],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heed_interrupts,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = ""
        while at not in said:
            line = process.stderr.readline()
            assert line, f"it ended without saying {at}: {said}"
            said += line
        process.send_signal(by)
        out, err = process.communicate(timeout=60)
    return Done(process.returncode, out, err)
