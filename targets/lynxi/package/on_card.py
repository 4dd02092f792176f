"""Compile this package with the vendor's Lyngor, and hold what a card computes against its files.

    python compile.py                      compile the unrolled form
    python compile.py --form apart --run   and run it on a card: differences, layer by layer

The package is read without this script, and this script without the toolchain that wrote it: it
needs NumPy, and Lyngor where it compiles or runs. It was written from the vendor's public examples
and hands Lyngor only the arguments that the installed version has.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import inspect
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
DIFFERS, MISSING = 1, 4


def main(words: list[str] | None = None) -> int:
    """Compile, and run if asked to; 0 where nothing differs."""
    given = _arguments(words)
    network = json.loads((HERE / "network.json").read_text(encoding="utf-8"))
    form = network["reduced"][given.form]
    try:
        lyngor = importlib.import_module("lyngor")
    except ImportError as error:
        sys.stderr.write(f"Lyngor is not installed ({error}): nothing was compiled\n")
        return MISSING
    place = given.out or HERE / f"compiled_{given.form}"
    build(lyngor, form, given.model, place)
    sys.stdout.write(f"{given.form}: compiled to {place}\n")
    if not given.run:
        return 0
    return DIFFERS if report(differences(lyngor, network, given, place)) else 0


def build(lyngor: Any, form: Mapping[str, Any], model: str, place: Path) -> None:
    """Compile one form with Lyngor, for float16 in and out."""
    kind, ending = ("ONNX", ".onnx") if model == "onnx" else ("Pytorch", ".pt")
    names = [name for name in form["files"] if name.endswith(ending)]
    if not names:
        raise SystemExit(f"this form has no {ending} file: {', '.join(form['files'])}")
    loaded: Any = str(HERE / names[0])
    if model == "torch":
        # The vendor's own torch, which is older than any that types itself.
        loaded = importlib.import_module("torch").jit.load(loaded)
    network = lyngor.DLModel()
    accepted(
        network.load,
        loaded,
        model_type=kind,
        inputs_dict={port["name"]: tuple(port["shape"]) for port in form["inputs"]},
        in_type="float16",
        out_type="float16",
    )
    graph = getattr(network, "graph", None) or network.mod
    parameters = getattr(network, "params", None) or getattr(network, "param", None)
    builder = accepted(lyngor.Builder, target="apu", is_map=True)
    accepted(builder.build, graph, parameters, out_path=str(place), apu_only=True)


def accepted(function: Any, *positional: Any, **named: Any) -> Any:
    """Call a function with those named arguments that it has."""
    try:
        known = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return function(*positional, **named)
    if not any(each.kind is each.VAR_KEYWORD for each in known):
        names = {each.name for each in known}
        named = {key: value for key, value in named.items() if key in names}
    return function(*positional, **named)


def differences(
    lyngor: Any, network: Mapping[str, Any], given: argparse.Namespace, place: Path
) -> dict[str, tuple[int, int]]:
    """Of every output: how many values differ from the golden ones, and of how many."""
    card = accepted(lyngor.load, path=str(place / "Net_0"), device=given.device)
    form = network["reduced"][given.form]
    counted: dict[str, tuple[int, int]] = {}
    for inputs, expected in cases(network, given.form):
        fed = [laid_out(value, given.layout) for value in inputs.values()]
        results = card.run(**dict(zip(inputs, fed, strict=True)))
        arrays = list(results.values()) if isinstance(results, Mapping) else list(results)
        for port, result in zip(form["outputs"], arrays, strict=True):
            value = expected[port["name"]]
            found = np.asarray(result).reshape(laid_out(value, given.layout).shape)
            wrong = int((found != laid_out(value, given.layout)).sum())
            before = counted.get(port["name"], (0, 0))
            counted[port["name"]] = before[0] + wrong, before[1] + value.size
    return counted


def cases(network: Mapping[str, Any], form: str) -> Any:
    """Inputs and expected outputs, one golden sample after another."""
    golden = network["golden"]
    ports = network["reduced"][form]
    if form == "unrolled":
        layers = [node["name"] for node in network["nodes"] if node["op"] == "neuron"]
        given = tensor(golden["network"]["input"])
        for sample in range(given.shape[1]):
            shown = (tensor(golden["network"]["layers"][name]["s"])[:, sample] for name in layers)
            names = (port["name"] for port in ports["outputs"])
            yield {"x": given[:, sample].astype("float16")}, dict(zip(names, shown, strict=True))
        return
    for sample in range(2):
        driven, sums, spikes = {}, {}, []
        for layer in golden["layers"]:
            for name, reference in layer["inputs"].items():
                driven[name] = tensor(reference)[sample : sample + 1].astype("float16")
                sums[name] = tensor(layer["sums"][name])[sample : sample + 1]
            spikes.append(tensor(layer["result"]["s"])[:, sample])
        inputs = dict(zip((p["name"] for p in ports["inputs"]), driven.values(), strict=True))
        expected = [*sums.values(), *spikes]
        names = (port["name"] for port in ports["outputs"])
        yield inputs, dict(zip(names, expected, strict=True))


def tensor(reference: Mapping[str, Any]) -> Any:
    """A tensor of the package's, if it is what its hash says."""
    content = (HERE / reference["file"]).read_bytes()
    part = content[reference["offset"] : reference["offset"] + reference["nbytes"]]
    if hashlib.sha256(part).hexdigest() != reference["sha256"]:
        raise SystemExit(f"{reference['file']}: was changed since it was exported")
    kind = np.dtype(reference["dtype"]).newbyteorder("<")
    return np.frombuffer(part, kind).reshape(reference["shape"])


def laid_out(values: Any, layout: str) -> Any:
    """Images as the card has them: the channels last."""
    return values.transpose(0, 2, 3, 1) if layout == "nhwc" and values.ndim == 4 else values


def report(counted: Mapping[str, tuple[int, int]]) -> bool:
    """Say what differs; whether anything does."""
    for name, (wrong, size) in counted.items():
        sys.stdout.write(f"{name}: {wrong} of {size} values differ\n")
    return any(wrong for wrong, _ in counted.values())


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compile a package with Lyngor.")
    parser.add_argument("--form", choices=("unrolled", "step", "apart"), default="unrolled")
    parser.add_argument("--model", choices=("onnx", "torch"), default="onnx")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--run", action="store_true", help="run on a card and compare")
    parser.add_argument("--device", type=int, default=0)
    parser.add_argument("--layout", choices=("nhwc", "nchw"), default="nhwc")
    given = parser.parse_args(words)
    if given.run and given.form == "step":
        parser.error("--run takes the unrolled form, or every layer apart")
    return given


if __name__ == "__main__":
    sys.exit(main())
