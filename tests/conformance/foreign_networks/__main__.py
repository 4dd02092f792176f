"""Conversion of every model of one framework, with one line of JSON a model as the result.

The converted networks are written to a folder.
"""

import importlib
import json
import sys
from pathlib import Path

import torch

import neurodeploy as nd
from neurodeploy.errors import NeurodeployError
from neurodeploy.frontend.foreign.convert import converted
from snncore import functional


def report(path, build, shape, scale) -> dict:
    """Return what came of one model, saved and loaded again."""
    torch.manual_seed(0)
    module, example = build(), torch.rand(shape) * scale
    try:
        conversion = converted(module, example)
    except NeurodeployError as error:
        return {"refused": str(error)}
    agreement = conversion.as_data()["agreement"]
    network = conversion.network
    sequence = torch.rand(4, 2, *nd.frontend.checkpoint.input_shape(network)) * scale
    nd.save(network, path, example=sequence)
    outputs = []
    with torch.no_grad():
        for each in (network, nd.load(path)):
            functional.reset(each)
            outputs.append(each(sequence))
    return agreement | {"loaded": torch.equal(*outputs)}


def main(folder: str, framework: str, names: list[str]) -> None:
    """Print the results of a framework's models, of these names or of all."""
    models = {
        name: model
        for style in ("models", "research")
        for name, model in importlib.import_module(
            f"tests.conformance.foreign_networks.{framework}_{style}"
        ).MODELS.items()
    }
    for name, model in models.items():
        if not names or name in names:
            sys.stdout.write(
                json.dumps({"name": name, **report(Path(folder, f"{name}.pt"), *model)}) + "\n"
            )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
