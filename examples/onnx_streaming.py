"""Run an ONNX network one step at a time: the states of each step go into the next."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnxruntime
import torch

import neurodeploy as nd
import quant


def network() -> torch.nn.Sequential:
    """Return two layers on an eight-bit grid; a real network would be trained first."""
    torch.manual_seed(0)
    layers = torch.nn.Sequential(
        quant.Block(quant.Linear(16, 32, format="int8"), quant.LIF(format="int8")),
        quant.Block(quant.Linear(32, 4, format="int8"), quant.LIF(format="int8")),
    )
    with torch.no_grad():
        for weight in layers.parameters():
            weight.mul_(4)
    return layers


def main() -> None:
    """Export, stream, and compare the stream with the golden interpreter."""
    net = network()
    spikes = (np.random.default_rng(0).random((20, 1, 16)) < 0.3).astype(np.uint8)
    with TemporaryDirectory() as folder:
        example = torch.from_numpy(spikes).float()
        artifact = nd.export(
            net, target="onnx", path=Path(folder) / "out", example=example, form="step"
        )
        session = onnxruntime.InferenceSession(str(artifact.path / "network.onnx"))
        expected = nd.simulate(nd.read(artifact), spikes).output
    samples, *states = session.get_inputs()
    types = {"tensor(int32)": np.int32, "tensor(int64)": np.int64}
    values = {state.name: np.zeros((1, *state.shape[1:]), types[state.type]) for state in states}
    for step, row in enumerate(spikes):
        output, *after = session.run(None, {samples.name: row, **values})
        values = dict(zip(values, after, strict=True))
        if not np.array_equal(output, expected[step]):
            raise SystemExit(f"step {step} differs from the golden interpreter")
        print(
            f"step {step:2}: {'spikes ' + str(np.flatnonzero(output[0])) if output.any() else ''}"
        )


if __name__ == "__main__":
    main()
