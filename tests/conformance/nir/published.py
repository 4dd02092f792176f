"""Published NIR files in every reading and every framework: the table of docs/nir-receivers.md."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, UnsupportedLayerError, ValidationError
from neurodeploy.frontend.training import read_trace
from neurodeploy.graph import ForeignGraph
from neurodeploy.report import Status
from neurodeploy.trace import Trace
from neurodeploy.verification.compare import compare_spikes
from targets.nir.foreign.profiles import PROFILES
from targets.nir.simulators.receivers.foreign import foreign_run, foreign_trace
from targets.nir.simulators.receivers.run import FrameworkRun, Shown
from targets.nir.target import target

PAGE = Path(__file__).parents[3] / "docs" / "nir-receivers.md"
# A file and a profile.
Key = tuple[str, str]


# By the beginning of the hash: the row of docs/nir-receivers.md.
PUBLISHED: Mapping[str, str] = {
    "0dd9143ef624": "lif_norse.nir",
    "f493a2cd00e2": "lif_rockpool.nir",
    "806c7c1cfae7": "two_lif_neurons.nir",
    "e2fa55bda7aa": "cnn_sinabs.nir",
    "f1aab3ce7402": "braille_noDelay_bias_zero.nir",
    "14f59e0903d7": "braille_noDelay_noBias_subtract.nir",
    "6db4af84094b": "braille.nir of NIRTorch",
    "6235a72081a2": "braille.nir of Norse",
    "2cce69978cb6": "braille.nir of Rockpool",
    "58132a83a42d": "braille_noDelay_bias_zero_subgraph.nir",
    "8038ab6b0955": "braille_noDelay_noBias_subtract_subgraph.nir",
}


def published_in(folder: Path) -> dict[str, bytes]:
    """Return the published files in a folder, each once, by their rows."""
    rows = {}
    for path in sorted(folder.rglob("*.nir")):
        content = path.read_bytes()
        row = PUBLISHED.get(hashlib.sha256(content).hexdigest()[:12])
        if row is not None:
            rows[row] = content
    return rows


@dataclass(frozen=True)
class Read:
    """A file as a profile reads it, its run, and its trace."""

    foreign: ForeignGraph
    run: FrameworkRun
    trace: Trace


def reading(content: bytes, profile: str) -> Read | str:
    """Return a file as a profile reads it, or the words of its refusal."""
    artifact = Artifact("nir", {"a.nir": content})
    options = {"reset": "hard"} if profile == "spec" else {}
    try:
        foreign = target.foreign_graph(artifact, dt=1e-4, profile=profile, **options)
    except (ArtifactError, UnsupportedLayerError, ValidationError) as error:
        return error.message
    shape = foreign.graph.input.shape
    steps = 30 if len(shape) > 1 else 100
    samples = (np.random.default_rng(0).random((steps, 2, *shape)) < 0.3).astype(np.float32)
    run = foreign_run(content, foreign, samples)
    return Read(foreign, run, read_trace(foreign, samples))


def readings(files: Mapping[str, bytes], profiles: Collection[str]) -> dict[Key, Read]:
    """Return the files that a profile reads; the page says the same of the others."""
    both = {(row, name): reading(files[row], name) for row in files for name in profiles}
    written = page()
    refused = {key for key, each in both.items() if isinstance(each, str)}
    assert refused == both.keys() - written.keys()
    return {key: each for key, each in both.items() if isinstance(each, Read)}


def require_as_written(
    simulator: str, asked: Mapping[Key, Read], replies: list[list[Shown] | str]
) -> None:
    """Check that a simulator computes of each file what the page says."""
    words = {
        key: "cannot" if isinstance(reply, str) else compared(each, reply)
        for (key, each), reply in zip(asked.items(), replies, strict=True)
    }
    written = page()
    assert words == {key: written[key][simulator] for key in words}
    # Whoever can run a file computes what its own profile reads.
    assert {word for (_, name), word in words.items() if name == simulator} <= {"equal", "cannot"}


def compared(read: Read, reply: list[Shown]) -> str:
    """Return whether a simulator computes what we read, in a word."""
    link = compare_spikes("", read.trace, foreign_trace(read.foreign, reply), 0.0, 1e-4)
    if link.status == Status.DIFFERS and link.divergence and link.divergence.state != "s":
        return "spikes equal"
    return link.status.value


def page() -> dict[Key, dict[str, str]]:
    """Return the page's table."""
    lines = PAGE.read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    head = next(row for row in rows if row[0] == "file")
    body = [row for row in rows if len(row) == len(head) and row[1] in PROFILES]
    return {
        (name.strip("`"), profile): dict(zip(head[2:], words, strict=True))
        for name, profile, *words in body
    }
